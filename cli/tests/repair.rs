//! Responses that were damaged between the server and a device, and how the device recovers.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use support::proxy::{self, Deal};
use support::{EMAIL, Setup};

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_were_damaged_on_the_way_are_fetched_again_by_a_comparison() {
    let setup = Setup::new().await;
    let desk = &setup.desk;
    setup.register("phone").ok();
    let id = desk.measure("phone", 80.0);
    desk.run("phone", &["sync"]).ok();
    let damages = Arc::new(AtomicBool::new(true));
    let damaging = Arc::clone(&damages);
    let proxy = proxy::start(setup.server.addr(), move |_| match damaging.load(Ordering::Relaxed) {
        true => Deal::Replace("weightKg", "weightKG"),
        false => Deal::Pass,
    });
    let login = ["login", "--server", &proxy, "--email", EMAIL];
    desk.run("laptop", &login).ended(3).says(&["cannot read 1 change"]);
    damages.store(false, Ordering::Relaxed);
    desk.run("laptop", &["sync"]).ended(3);
    desk.run("laptop", &["quarantine"]).failed(0, &["damaged in transit", "`stronglog verify`"]);
    desk.run("laptop", &["verify"]).failed(0, &["1 record compared: the same here and on the server"]);
    desk.run("laptop", &["get", "user-bodyweight-logs", &id]).ok().says(&["80"]);
    desk.run("laptop", &["sync"]).ok();
    desk.run("laptop", &["status", "--check"]).ok();
}
