//! Signing up, in and out: the contract's own operations, as requests to send and answers to read.

use serde::{Deserialize, Serialize};
use stronglog_sync::api::operations::{
    Login, LoginResponse, Logout, RefreshTokens, RefreshTokensResponse, Register, RegisterResponse, StreamChanges,
};
use stronglog_sync::api::runtime::http::{Operation, Outcome};
use stronglog_sync::api::{
    ContractVersion, Email, LoginRequest, LogoutRequest, NewPassword, Password, Problem, RefreshRequest, RefreshToken, RegisterRequest, Schema,
    TokenPair, registry,
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::messages::Call;
use crate::rows::{read, write};

/// What is asked of the server beside the feed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Asked {
    /// Email address and password.
    SignUp(String, String),
    SignIn(String, String),
    /// The refresh token.
    Refresh(String),
    SignOut,
    Doorbell,
}

#[derive(Serialize)]
struct Written {
    #[serde(flatten)]
    call: Call,
    body: String,
}

/// Tokens, or why there are none.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Answer {
    #[serde(rename_all = "camelCase")]
    Tokens { account: String, access_token: String, refresh_token: String },
    /// The server refuses, for good.
    Refused(String),
    /// The server, or whatever answered, cannot do it now.
    Unavailable(String),
}

/// The request of a call, as JSON.
///
/// # Errors
/// What in the call the contract refuses.
#[wasm_bindgen(js_name = writeCall)]
pub fn write_call(asked: &str, base_url: &str) -> Result<String, String> {
    let x_contract_version = Some(ContractVersion(registry::VERSION.to_owned()));
    match read::<Asked>(asked)? {
        Asked::SignUp(email, password) => {
            let body = RegisterRequest { email: Email(email), password: NewPassword(password), device_name: None };
            request(&Register { body, x_contract_version }, base_url)
        }
        Asked::SignIn(email, password) => {
            let body = LoginRequest { email: Email(email), password: Password(password), device_name: None };
            request(&Login { body, x_contract_version }, base_url)
        }
        Asked::Refresh(refresh_token) => {
            let body = RefreshRequest { refresh_token: RefreshToken(refresh_token) };
            request(&RefreshTokens { body, x_contract_version }, base_url)
        }
        Asked::SignOut => request(&Logout { body: LogoutRequest { all_devices: None }, x_contract_version }, base_url),
        Asked::Doorbell => request(&StreamChanges { x_contract_version }, base_url),
    }
}

fn request<O: Operation>(operation: &O, base_url: &str) -> Result<String, String> {
    let request = operation.request(base_url).map_err(|report| report.to_string())?;
    let (call, body) = Call::of(O::ID, request);
    // What was made of text is text.
    Ok(write(&Written { call, body: String::from_utf8(body).unwrap_or_default() }))
}

/// Reads what a call for tokens was answered with: JSON of `tokens`, `refused` or `unavailable`.
///
/// # Errors
/// Something answered that is no server of this contract.
#[wasm_bindgen(js_name = readTokens)]
pub fn read_tokens(operation: &str, status: u16, body: &[u8]) -> Result<String, String> {
    let foreign = || format!("something answered {status} that is no sync server; look at the address and the network");
    let status = http::StatusCode::from_u16(status).map_err(|_| foreign())?;
    let pair = match operation {
        Register::ID => match RegisterResponse::read(status, &http::HeaderMap::new(), body) {
            Ok(RegisterResponse::Created(pair)) => Some(pair),
            _ => None,
        },
        Login::ID => match LoginResponse::read(status, &http::HeaderMap::new(), body) {
            Ok(LoginResponse::Ok(pair)) => Some(pair),
            _ => None,
        },
        _ => match RefreshTokensResponse::read(status, &http::HeaderMap::new(), body) {
            Ok(RefreshTokensResponse::Ok(pair)) => Some(pair),
            _ => None,
        },
    };
    Ok(write(&match pair {
        Some(TokenPair { access_token, refresh_token, user_id, .. }) => {
            Answer::Tokens { account: user_id.to_string(), access_token, refresh_token: refresh_token.to_string() }
        }
        None => refusal(&Problem::from_json(body).map_err(|_| foreign())?),
    }))
}

fn refusal(problem: &Problem) -> Answer {
    let detail = problem.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
    let message = format!("the server answered {} ({}){detail}", problem.status, problem.title);
    match problem.status {
        401 | 403 => Answer::Refused(message),
        _ => Answer::Unavailable(message),
    }
}
