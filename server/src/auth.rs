//! Authentication: passwords, access and refresh tokens, and rate limits for sign-in attempts.

mod hs256;
pub mod limits;
pub mod passwords;
pub mod recovery;
pub mod tokens;
