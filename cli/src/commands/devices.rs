//! `devices`: the devices that are signed in to the account.

use stronglog_sync::api::Device;

use crate::args::{Devices, DevicesAction};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{DeviceOutput, DoneOutput};
use crate::profile::{Background, Profile};
use crate::terminal::{Format, ago, bold, counted, faint, good, plain, say, say_json, thousands};

/// The number of characters of an id that distinguish devices in the list.
const SHORT_ID: usize = 8;

pub async fn run(profile: &Profile, asked: &Devices, format: Format) -> Outcome {
    profile.check_server()?;
    let client = profile.open_to_ask(Background::Nothing).await?;
    let account = client.account();
    let devices = account.devices().await?;
    let done = match &asked.action {
        None => {
            let user_rev = *account.read().await?.user_rev;
            let unsent = client.status().unsent();
            devices.iter().try_for_each(|device| list(device, DeviceOutput::of(device, user_rev, unsent), user_rev, format))?;
            return Ok(Exit::Done);
        }
        Some(DevicesAction::Rename { device, name }) => {
            let device = chosen(&devices, device)?;
            account.rename_device(&device.id, name).await?;
            format!("renamed {} to {}", shown(device), plain(name))
        }
        Some(DevicesAction::Revoke { device }) => {
            let device = chosen(&devices, device)?;
            account.revoke_device(&device.id).await?;
            format!("signed out {}; the records on it stay there", shown(device))
        }
    };
    if format.is_json() {
        say_json(&DoneOutput { done: true })?;
    } else {
        say!("{} {done}", good("✓"))?;
    }
    Ok(Exit::Done)
}

fn list(device: &Device, output: DeviceOutput, user_rev: i64, format: Format) -> Outcome<()> {
    if format.is_json() {
        return say_json(&output);
    }
    let this = if output.is_current { "  (this device)" } else { "" };
    let platform = output.platform.as_deref().map(|platform| format!("  {}", plain(platform))).unwrap_or_default();
    say!("{}{platform}{this}  {}", bold(shown(device)), faint(&output.id[..SHORT_ID.min(output.id.len())]))?;
    say!("   signed in {}, last seen {}", ago(output.signed_in_at), ago(output.last_seen_at))?;
    say!("   {}", last_synced(&output, user_rev))?;
    Ok(())
}

/// When a device last synced, and how far it got. Only that device itself knows its unsent edits.
pub fn last_synced(device: &DeviceOutput, user_rev: i64) -> String {
    let reached = |rev: i64| match user_rev.saturating_sub(rev).unsigned_abs() {
        0 => "has received everything".to_owned(),
        _ => format!("reached revision {} of {}", thousands(rev.unsigned_abs()), thousands(user_rev.unsigned_abs())),
    };
    let synced = match device.last_synced_at.zip(device.last_synced_rev) {
        Some((at, rev)) => format!("last synced {}, {}", ago(at), reached(rev)),
        None => "has not synced since it signed in".to_owned(),
    };
    match device.unsent {
        Some(unsent @ 1..) => format!("{synced}, {} not sent", counted(unsent, "edit")),
        _ => synced,
    }
}

fn shown(device: &Device) -> String {
    name(device.name.as_ref().map(|name| name.0.as_str()))
}

/// The name of a device, or a placeholder.
pub fn name(name: Option<&str>) -> String {
    plain(name.unwrap_or("unnamed device"))
}

/// The device with a name, an id, or the beginning of an id.
fn chosen<'d>(devices: &'d [Device], wanted: &str) -> Outcome<&'d Device> {
    let named = devices.iter().filter(|device| device.name.as_ref().is_some_and(|name| name.0 == wanted));
    let mut found: Vec<&Device> = named.collect();
    if found.is_empty() && !wanted.is_empty() {
        found = devices.iter().filter(|device| device.id.0.starts_with(&wanted.to_lowercase())).collect();
    }
    match found[..] {
        [device] => Ok(device),
        [] => Err(Failure::new(format!("cannot find a signed-in device {wanted:?}; `stronglog devices` lists them"))),
        _ => Err(Failure::new(format!(
            "cannot choose a device: {wanted:?} matches {} devices; use an id from `stronglog devices`",
            found.len()
        ))),
    }
}
