//! Values of types that are not generated: their JSON is kept, and serde makes the final decision.

use std::net::Ipv4Addr;

use contractc::runtime::json::{Json, Value};
use contractc::runtime::report::{At, Checker};
use contractc::runtime::schema::{Foreign, ReadJson, ToJson};

fn read(json: &Value) -> Result<Foreign<Ipv4Addr>, String> {
    let mut out = Checker::new();
    let read = Foreign::read(Json::from(json), At::ROOT, &mut out);
    read.ok_or_else(|| out.finish().expect_err("a violation").violations.remove(0).message)
}

#[test]
fn a_value_is_read_beside_its_json() {
    let json = Value::from("10.0.0.1");
    let read = read(&json).expect("an address");
    assert!(read.is_private());
    assert_eq!(read.as_json().to_value(), json);
    assert_eq!(Foreign::new(Ipv4Addr::new(10, 0, 0, 1)).expect("JSON"), read);
    assert_eq!(read.into_inner(), Ipv4Addr::new(10, 0, 0, 1));
}

#[test]
fn what_the_type_rejects_is_a_violation() {
    let message = read(&Value::from("somewhere")).expect_err("no address");
    assert!(message.starts_with("is not a value of the type `core::net::"), "{message}");
}
