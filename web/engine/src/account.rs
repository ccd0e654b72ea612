//! Registering, signing in and signing out: builds the requests of the contract's operations and reads their responses.

use serde::{Deserialize, Serialize};
use stronglog_sync::api::operations::{Login, Logout, RefreshTokens, Register, StreamChanges};
use stronglog_sync::api::runtime::http::Operation;
use stronglog_sync::api::{
    Email, LoginRequest, LogoutRequest, NewPassword, Password, Platform, Problem, RefreshRequest, RefreshToken, RegisterRequest, Schema,
    TokenPair,
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::messages::Call;
use crate::rows::{read, write};

/// A request that does not belong to the feed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum AccountCall {
    /// Email address, password, and the device's platform.
    SignUp(String, String, String),
    SignIn(String, String, String),
    /// The refresh token.
    Refresh(String),
    SignOut,
    Notifications,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct WrittenCall {
    #[serde(flatten)]
    call: Call,
    body: String,
}

/// Tokens, or the reason why there are none.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum TokenResponse {
    #[serde(rename_all = "camelCase")]
    Tokens { account: String, access_token: String, refresh_token: String },
    /// The server rejects the call permanently.
    Rejected(String),
    /// The server cannot handle the call now.
    Unavailable(String),
}

/// Builds the request of a call, as JSON.
///
/// # Errors
/// Returns an error if a member of the call violates the contract.
#[wasm_bindgen(js_name = writeCall)]
pub fn write_call(asked: &str, base_url: &str) -> Result<String, String> {
    match read::<AccountCall>(asked)? {
        AccountCall::SignUp(email, password, platform) => {
            let (email, password, platform) = (Email(email), NewPassword(password), Some(Platform(platform)));
            request::<Register>(base_url, &RegisterRequest { email, password, device_name: None, platform })
        }
        AccountCall::SignIn(email, password, platform) => {
            let (email, password, platform) = (Email(email), Password(password), Some(Platform(platform)));
            request::<Login>(base_url, &LoginRequest { email, password, device_name: None, platform })
        }
        AccountCall::Refresh(token) => request::<RefreshTokens>(base_url, &RefreshRequest { refresh_token: RefreshToken(token) }),
        AccountCall::SignOut => request::<Logout>(base_url, &LogoutRequest { all_devices: None }),
        AccountCall::Notifications => Ok(write(&WrittenCall { call: Call::to::<StreamChanges>(base_url), body: String::new() })),
    }
}

fn request<O: Operation>(base_url: &str, body: &impl Schema) -> Result<String, String> {
    body.validate().map_err(|report| report.to_string())?;
    Ok(write(&WrittenCall { call: Call::to::<O>(base_url), body: body.to_json() }))
}

/// Reads the response to a call for tokens, as JSON of `tokens`, `rejected` or `unavailable`.
///
/// # Errors
/// Returns an error if the response violates this contract.
#[wasm_bindgen(js_name = readTokens)]
pub fn read_tokens(status: u16, body: &[u8]) -> Result<String, String> {
    let answer = match status {
        200 | 201 => TokenPair::from_json(body).map(tokens),
        _ => Problem::from_json(body).map(|problem| rejection(&problem)),
    };
    let answer = answer.map_err(|report| {
        format!("received status {status} from something that is not a sync server ({report}); check the address and the network")
    })?;
    Ok(write(&answer))
}

fn tokens(pair: TokenPair) -> TokenResponse {
    let TokenPair { access_token, refresh_token, user_id, .. } = pair;
    TokenResponse::Tokens { account: user_id.to_string(), access_token, refresh_token: refresh_token.to_string() }
}

fn rejection(problem: &Problem) -> TokenResponse {
    let detail = problem.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
    let message = format!("the server responded with {} ({}){detail}", problem.status, problem.title);
    match problem.status {
        401 | 403 => TokenResponse::Rejected(message),
        _ => TokenResponse::Unavailable(message),
    }
}
