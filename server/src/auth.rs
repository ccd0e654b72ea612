//! Authentication: passwords, access and refresh tokens, and limits on attempts.

pub mod limits;
pub mod passwords;
pub mod tokens;
