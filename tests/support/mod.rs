//! Helpers that several tests share.
#![allow(dead_code)]

pub mod node;
pub mod oracle;
