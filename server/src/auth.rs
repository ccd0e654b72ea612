//! Authentication: passwords, access and refresh tokens, and limits on attempts.

mod hs256;
pub mod limits;
pub mod passwords;
pub mod tokens;
