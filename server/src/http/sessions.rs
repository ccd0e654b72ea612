//! The signed-in devices of an account, and the recovery code, which signs out all of them.

use http::request::Parts;
use stronglog_sync::api::operations::{RecoverAccount, RenameDevice};
use stronglog_sync::api::{self, DeviceList, Id, Name, Platform, RecoveryCodeText, Revision, Timestamp};
use uuid::Uuid;

use super::handlers::{Handlers, Secret, caller, plain, signed};
use crate::auth::recovery;
use crate::auth::tokens::Caller;
use crate::problem::Failure;
use crate::store::accounts;

impl Handlers {
    /// Sets a new password with the recovery code, spends the code, and ends every session.
    pub(super) async fn recover(&self, parts: &Parts, call: RecoverAccount) -> Result<(), Failure> {
        let app = &self.0;
        let given = recovery::plain(&call.body.recovery_code);
        let secret = Secret { email: call.body.email, given, hash: |account| account.recovery_hash };
        let (_, known) = self.check(parts, secret).await?;
        let (user, hash) = known.ok_or_else(Failure::wrong_recovery_code)?;
        let password = app.passwords.hash(call.body.new_password.0).await?;
        // Another request may have spent or replaced the code in the meantime.
        if !app.store.recover(user, hash, password).await? {
            return Err(Failure::wrong_recovery_code());
        }
        Ok(app.end_sessions(user).await?)
    }

    pub(super) async fn recovery_code(&self, parts: &Parts, password: String) -> Result<api::RecoveryCode, Failure> {
        let caller = caller(parts)?;
        self.confirm(parts, caller, password).await?;
        let code = recovery::new_code();
        let hash = self.0.passwords.hash(recovery::plain(&code)).await?;
        self.0.store.set_recovery(caller.key(), hash).await?;
        Ok(api::RecoveryCode { recovery_code: RecoveryCodeText(code) })
    }

    pub(super) async fn devices(&self, parts: &Parts) -> Result<DeviceList, Failure> {
        let caller = caller(parts)?;
        let devices = self.0.devices.list(&self.0.store, caller).await?;
        Ok(DeviceList { devices: devices.into_iter().map(|device| shown(device, caller)).collect() })
    }

    pub(super) async fn rename(&self, parts: &Parts, call: RenameDevice) -> Result<(), Failure> {
        let caller = caller(parts)?;
        let renamed = self.0.store.rename_device(caller.key(), session_of(&call.id)?, plain(&call.body.name.0)).await?;
        if renamed { Ok(()) } else { Err(Failure::no_device()) }
    }

    pub(super) async fn revoke(&self, parts: &Parts, id: &Id) -> Result<(), Failure> {
        let caller = caller(parts)?;
        if !self.0.store.revoke(caller.key(), session_of(id)?).await? {
            return Err(Failure::no_device());
        }
        Ok(self.0.end_sessions(caller.user).await?)
    }
}

/// A device as the contract's type.
fn shown(device: accounts::Device, caller: Caller) -> api::Device {
    let (synced_at, synced_rev) = device.activity.synced.unzip();
    api::Device {
        id: Id(device.session.to_string()),
        name: device.name.map(Name),
        platform: device.platform.map(Platform),
        signed_in_at: Timestamp(device.signed_in_at),
        last_seen_at: Timestamp(device.activity.seen_at),
        last_synced_at: synced_at.map(Timestamp),
        last_synced_rev: synced_rev.map(|rev| Revision(signed(rev))),
        is_current: device.session == caller.session,
    }
}

fn session_of(id: &Id) -> Result<Uuid, Failure> {
    Uuid::parse_str(&id.0).map_err(|_| Failure::no_device())
}
