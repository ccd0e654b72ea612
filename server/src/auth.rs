//! Who is asking: passwords, the tokens that stand for them, and how often one may try.

pub mod limits;
pub mod passwords;
pub mod tokens;
