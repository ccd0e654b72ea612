//! Registration, sign-in, sign-out, the account and its devices. A database has one owner (R15).

use uuid::Uuid;

use crate::api::headers::X_ACCOUNT;
use crate::api::operations::{
    ChangePassword, ChangePasswordResponse, DeleteAccount, DeleteAccountResponse, GetAccount, GetAccountResponse, GetAccountUsage,
    GetAccountUsageResponse, ListDevices, ListDevicesResponse, Login, LoginResponse, Logout, LogoutResponse, MakeRecoveryCode,
    MakeRecoveryCodeResponse, RecoverAccount, RecoverAccountResponse, Register, RegisterResponse, RenameDevice, RenameDeviceResponse,
    RevokeDevice, RevokeDeviceResponse,
};
use crate::api::runtime::http::{Bearer, NoHooks, Operation, Reply, call};
use crate::api::{
    Account, AccountUsage, ChangePasswordRequest, ContractVersion, DeleteAccountRequest, Device, Email, Id, LoginRequest, LogoutRequest,
    MakeRecoveryCodeRequest, Name, NewPassword, Password, Platform, RecoverRequest, RecoveryCodeText, RegisterRequest, RenameDeviceRequest,
};
use crate::client::Client;
use crate::engine::Event;
use crate::engine::response::check_account;
use crate::error::{Error, Kind};
use crate::pull;
use crate::task::Task;
use crate::transport::{Tokens, called, refusal, version_of};

/// The account of a [`Client`].
pub struct Accounts<'a> {
    pub(crate) client: &'a Client,
}

/// Which devices to sign out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignOut {
    /// This device. The others stay signed in.
    ThisDevice,
    /// Every device of the account, for example after one was lost.
    AllDevices,
}

impl Accounts<'_> {
    /// The id of the account that is signed in.
    ///
    /// # Errors
    /// Returns an error if the tokens cannot be read.
    pub async fn signed_in(&self) -> Result<Option<Uuid>, Error> {
        match self.client.link("read the sign-in") {
            Ok(link) => Ok(link.tokens().await?.map(|tokens| tokens.account)),
            Err(_) => Ok(None),
        }
    }

    /// The id of the account that owns the database: the account of the first sign-in, even after a sign-out.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read.
    pub fn owner(&self) -> Result<Option<Uuid>, Error> {
        Ok(self.client.with(|store| store.meta())?.owner)
    }

    /// Creates an account, signs in, and claims the database for the account. If the database already belongs to an account, this fails
    /// before it sends anything, so that it creates no unusable account.
    ///
    /// # Errors
    /// Returns an error if the database belongs to an account, the server rejects the registration, or the server cannot be reached.
    pub async fn register(&self, email: &str, password: &str, device_name: Option<&str>) -> Result<Uuid, Error> {
        const DOING: &str = "create the account";
        const DONE: &str = "the account may have been created, so try to sign in first";
        if let Some(owner) = self.owner()? {
            return Err(Kind::OtherAccount { doing: DOING, owner }.into());
        }
        let body = RegisterRequest {
            email: Email(email.to_owned()),
            password: NewPassword(password.to_owned()),
            device_name: device_name.map(|name| Name(name.to_owned())),
            platform: Some(platform()),
        };
        let answered = self.open(DOING, &Register { body, x_contract_version: self.version() }).await;
        match answered.map_err(|error| error.unless_done(DONE))? {
            RegisterResponse::Created(pair) => self.begin_session(Tokens::of(&pair)?).await,
            other => Err(refusal(DOING, other)),
        }
    }

    /// Signs in. The first sign-in claims the database for the account. The device's previous session ends.
    ///
    /// ```no_run
    /// # async fn example(client: stronglog_sync::Client) -> Result<(), stronglog_sync::Error> {
    /// match client.account().login("me@example.com", "correct horse battery staple", Some("phone")).await {
    ///     Ok(account) => println!("signed in as {account}; sync starts"),
    ///     Err(error) if error.is_offline() => println!("try again later; nothing is lost"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error if the credentials are wrong, the database belongs to another account, or the server cannot be reached.
    pub async fn login(&self, email: &str, password: &str, device_name: Option<&str>) -> Result<Uuid, Error> {
        const DOING: &str = "sign in";
        let body = LoginRequest {
            email: Email(email.to_owned()),
            password: Password(password.to_owned()),
            device_name: device_name.map(|name| Name(name.to_owned())),
            platform: Some(platform()),
        };
        match self.open(DOING, &Login { body, x_contract_version: self.version() }).await? {
            LoginResponse::Ok(pair) => self.begin_session(Tokens::of(&pair)?).await,
            other => Err(refusal(DOING, other)),
        }
    }

    /// Signs in with tokens that the app obtained elsewhere. The first sign-in claims the database for the account.
    ///
    /// # Errors
    /// Returns an error if the database belongs to another account, or if the database or the tokens cannot be written.
    pub async fn sign_in(&self, tokens: Tokens) -> Result<Uuid, Error> {
        let account = tokens.account;
        self.take_over(tokens).await?;
        Ok(account)
    }

    /// Signs in with the tokens of a new session for this device. The device has only one session: its previous session ends, and so does
    /// this one if its tokens cannot be stored.
    async fn begin_session(&self, tokens: Tokens) -> Result<Uuid, Error> {
        match self.take_over(tokens.clone()).await {
            Ok(None) => Ok(tokens.account),
            Ok(Some(before)) => {
                self.end_session(&before).await;
                Ok(tokens.account)
            }
            Err(error) => {
                self.end_session(&tokens).await;
                Err(error)
            }
        }
    }

    /// Ends the session of tokens that this device does not use. If the server cannot be reached, the session ends when its refresh token
    /// expires.
    async fn end_session(&self, tokens: &Tokens) {
        const DOING: &str = "sign out";
        let logout = Logout { body: LogoutRequest { all_devices: None }, x_contract_version: self.version() };
        let Ok((http::StatusCode::UNAUTHORIZED, _)) = self.attempt(DOING, &logout, tokens).await else { return };
        // The access token may have expired.
        let Ok(link) = self.client.link(DOING) else { return };
        if let Ok(Some(fresh)) = link.renewed(tokens).await {
            _ = self.attempt(DOING, &logout, &fresh).await;
        }
    }

    /// Claims the database for the account, and replaces the tokens. Returns the previous tokens.
    async fn take_over(&self, tokens: Tokens) -> Result<Option<Tokens>, Error> {
        let account = tokens.account;
        // Another sign-in may have claimed the database since this one began: a claim changes nothing then.
        let owner = self.client.run(Task::Claim { account })?.snapshot.meta.owner.unwrap_or(account);
        if owner != account {
            return Err(Kind::OtherAccount { doing: "sign in", owner }.into());
        }
        let before = self.client.link("sign in")?.set_tokens(Some(tokens)).await?;
        self.client.tell(Event::SignedIn { account });
        Ok(before)
    }

    /// Signs out. Records and pending edits stay, and sync again after the next sign-in. The tokens are deleted even if the server cannot
    /// be reached.
    ///
    /// # Errors
    /// Returns an error if the tokens cannot be deleted, or if the server cannot be reached. In the latter case the session ends when its
    /// refresh token expires, or when another device revokes it.
    pub async fn sign_out(&self, which: SignOut) -> Result<(), Error> {
        const DOING: &str = "sign out";
        let body = LogoutRequest { all_devices: (which == SignOut::AllDevices).then_some(true) };
        let response = self.signed(DOING, &Logout { body, x_contract_version: self.version() }).await;
        self.client.link(DOING)?.set_tokens(None).await?;
        self.client.tell(Event::SignedOut);
        match response? {
            LogoutResponse::NoContent | LogoutResponse::Unauthorized(_) => Ok(()),
            other => Err(refusal(DOING, other)),
        }
    }

    /// Changes the password, and signs out every other device.
    ///
    /// # Errors
    /// Returns an error if the current password is wrong or the server cannot be reached.
    pub async fn change_password(&self, current: &str, new: &str) -> Result<(), Error> {
        const DOING: &str = "change the password";
        const DONE: &str = "the password may have been changed, so try the new one first";
        let body = ChangePasswordRequest { current_password: Password(current.to_owned()), new_password: NewPassword(new.to_owned()) };
        let answered = self.signed(DOING, &ChangePassword { body, x_contract_version: self.version() }).await;
        match answered.map_err(|error| error.unless_done(DONE))? {
            ChangePasswordResponse::NoContent => Ok(()),
            other => Err(refusal(DOING, other)),
        }
    }

    /// Creates a recovery code, with which users who forget their password can set a new one. Show it to the user, because the server
    /// stores only its hash. It replaces the previous code.
    ///
    /// # Errors
    /// Returns an error if the password is wrong or the server cannot be reached.
    pub async fn make_recovery_code(&self, password: &str) -> Result<String, Error> {
        const DOING: &str = "create a recovery code";
        const DONE: &str = "the earlier code may no longer work, so create another one";
        let body = MakeRecoveryCodeRequest { password: Password(password.to_owned()) };
        let answered = self.signed(DOING, &MakeRecoveryCode { body, x_contract_version: self.version() }).await;
        match answered.map_err(|error| error.unless_done(DONE))? {
            MakeRecoveryCodeResponse::Ok(made) => Ok(made.recovery_code.0),
            other => Err(refusal(DOING, other)),
        }
    }

    /// Sets a new password with the recovery code, and signs out every device. The code is then spent: sign in and create another one.
    ///
    /// # Errors
    /// Returns an error if the code is wrong or spent, or the server cannot be reached.
    pub async fn recover(&self, email: &str, recovery_code: &str, new_password: &str) -> Result<(), Error> {
        const DOING: &str = "set a new password";
        const DONE: &str = "the password may have been set, so try to sign in with it first";
        let body = RecoverRequest {
            email: Email(email.to_owned()),
            recovery_code: RecoveryCodeText(recovery_code.to_owned()),
            new_password: NewPassword(new_password.to_owned()),
        };
        let answered = self.open(DOING, &RecoverAccount { body, x_contract_version: self.version() }).await;
        match answered.map_err(|error| error.unless_done(DONE))? {
            RecoverAccountResponse::NoContent => Ok(()),
            other => Err(refusal(DOING, other)),
        }
    }

    /// The devices that are signed in to the account, most recently seen first.
    ///
    /// # Errors
    /// Returns an error if nobody is signed in or the server cannot be reached.
    pub async fn devices(&self) -> Result<Vec<Device>, Error> {
        const DOING: &str = "list the devices";
        match self.signed(DOING, &ListDevices { x_contract_version: self.version() }).await? {
            ListDevicesResponse::Ok(list) => Ok(list.devices),
            other => Err(refusal(DOING, other)),
        }
    }

    /// Renames a device.
    ///
    /// # Errors
    /// Returns an error if no signed-in device has the id, or the server cannot be reached.
    pub async fn rename_device(&self, id: &Id, name: &str) -> Result<(), Error> {
        const DOING: &str = "rename the device";
        let body = RenameDeviceRequest { name: Name(name.to_owned()) };
        match self.signed(DOING, &RenameDevice { id: id.clone(), body, x_contract_version: self.version() }).await? {
            RenameDeviceResponse::NoContent => Ok(()),
            other => Err(refusal(DOING, other)),
        }
    }

    /// Signs out one device, for example one that was lost. The server rejects its next request. The device keeps its records.
    ///
    /// # Errors
    /// Returns an error if no signed-in device has the id, or the server cannot be reached.
    pub async fn revoke_device(&self, id: &Id) -> Result<(), Error> {
        const DOING: &str = "sign out the device";
        match self.signed(DOING, &RevokeDevice { id: id.clone(), x_contract_version: self.version() }).await? {
            RevokeDeviceResponse::NoContent => Ok(()),
            other => Err(refusal(DOING, other)),
        }
    }

    /// Reads the account from the server.
    ///
    /// # Errors
    /// Returns an error if nobody is signed in or the server cannot be reached.
    pub async fn read(&self) -> Result<Account, Error> {
        const DOING: &str = "read the account";
        match self.signed(DOING, &GetAccount { x_contract_version: self.version() }).await? {
            GetAccountResponse::Ok(account) => Ok(account),
            other => Err(refusal(DOING, other)),
        }
    }

    /// Reads the account's usage and its limits.
    ///
    /// # Errors
    /// Returns an error if nobody is signed in or the server cannot be reached.
    pub async fn usage(&self) -> Result<AccountUsage, Error> {
        const DOING: &str = "read the account's usage";
        match self.signed(DOING, &GetAccountUsage { x_contract_version: self.version() }).await? {
            GetAccountUsageResponse::Ok(usage) => Ok(usage),
            other => Err(refusal(DOING, other)),
        }
    }

    /// Deletes the account and all its data from the server, and signs out. The records stay on this device, and belong to the next account
    /// that signs in.
    ///
    /// # Errors
    /// Returns an error if the password is wrong or the server cannot be reached.
    pub async fn erase(&self, password: &str) -> Result<(), Error> {
        const DOING: &str = "erase the account";
        const DONE: &str = "the account may have been erased, so try to sign in first";
        let body = DeleteAccountRequest { password: Password(password.to_owned()) };
        let answered = self.signed(DOING, &DeleteAccount { body, x_contract_version: self.version() }).await;
        match answered.map_err(|error| error.unless_done(DONE))? {
            DeleteAccountResponse::NoContent => {
                self.client.link(DOING)?.set_tokens(None).await?;
                self.client.tell(Event::SignedOut);
                self.disown()
            }
            other => Err(refusal(DOING, other)),
        }
    }

    /// Releases the database from its account, for example after the account was erased or lost with its server. The records and the
    /// conflict history stay. The next account that signs in gets every record that it does not have.
    ///
    /// # Errors
    /// Returns an error if the database cannot be read or written.
    pub fn disown(&self) -> Result<(), Error> {
        self.client.write(&[], |loaded, _| {
            pull::disown(&mut loaded.meta);
            Ok((Vec::new(), ()))
        })
    }

    async fn open<O: Operation>(&self, doing: &'static str, operation: &O) -> Result<O::Response, Error> {
        let link = self.client.link(doing)?;
        let reply = call(operation, &link.base_url, &link.http, &NoHooks).await;
        reply.map(|reply| reply.body).map_err(|error| called(doing, error))
    }

    /// Calls an operation as the signed-in user, and refreshes the tokens if they have expired.
    async fn signed<O: Operation>(&self, doing: &'static str, operation: &O) -> Result<O::Response, Error> {
        let link = self.client.link(doing)?;
        let tokens = link.tokens().await?.ok_or(Kind::SignIn { doing })?;
        let first = self.attempt(doing, operation, &tokens).await;
        match first {
            Ok((status, _)) if status == http::StatusCode::UNAUTHORIZED => {
                let fresh = link.refresh(&tokens).await?.ok_or(Kind::SignIn { doing })?;
                self.attempt(doing, operation, &fresh).await.map(|(_, body)| body)
            }
            other => other.map(|(_, body)| body),
        }
    }

    async fn attempt<O: Operation>(
        &self,
        doing: &'static str,
        operation: &O,
        tokens: &Tokens,
    ) -> Result<(http::StatusCode, O::Response), Error> {
        use crate::api::runtime::http::Outcome;
        let link = self.client.link(doing)?;
        let reply = call(operation, &link.base_url, &link.http, &Bearer(tokens.access_token.clone())).await;
        let reply: Reply<O::Response> = reply.map_err(|error| called(doing, error))?;
        let account = reply.header(&X_ACCOUNT).ok().flatten().map(|account| account.0);
        check_account(account.as_deref(), tokens.account).map_err(|message| Kind::Foreign { doing, message })?;
        Ok((reply.body.write().0, reply.body))
    }

    fn version(&self) -> Option<ContractVersion> {
        version_of(self.client.contract())
    }
}

impl Client {
    /// Registration, sign-in, sign-out and the account.
    pub fn account(&self) -> Accounts<'_> {
        Accounts { client: self }
    }

    /// Restores the sign-in from the last run of the app.
    pub(crate) async fn resume_session(&self) -> Result<(), Error> {
        if let Some(account) = self.account().signed_in().await? {
            self.tell(Event::SignedIn { account });
        }
        Ok(())
    }
}

/// The platform of this device, by its usual name.
fn platform() -> Platform {
    let name = match std::env::consts::OS {
        "linux" => "Linux",
        "macos" => "macOS",
        "windows" => "Windows",
        "android" => "Android",
        "ios" => "iOS",
        other => other,
    };
    Platform(name.to_owned())
}
