//! Replies, without allocations.

use std::ffi::{CString, c_int, c_long};

use super::Context;
use super::api::api;

/// The longest status with its NUL.
const STATUS_BYTES: usize = 32;

impl Context {
    /// A simple string: a status of the protocol, at most 31 bytes.
    pub fn status(&self, word: &'static str) {
        let mut text = [0u8; STATUS_BYTES];
        let len = word.len().min(STATUS_BYTES - 1);
        if let (Some(to), Some(from)) = (text.get_mut(..len), word.as_bytes().get(..len)) {
            to.copy_from_slice(from);
        }
        // SAFETY: the text ends with NUL, and the server copies it.
        unsafe { api!(RedisModule_ReplyWithSimpleString(self.raw(), text.as_ptr().cast())) };
    }

    /// An integer.
    pub fn integer(&self, number: i64) {
        // SAFETY: the context is valid.
        unsafe { api!(RedisModule_ReplyWithLongLong(self.raw(), number)) };
    }

    /// A truth, in RESP2 1 or 0.
    pub fn truth(&self, truth: bool) {
        // SAFETY: the context is valid.
        unsafe { api!(RedisModule_ReplyWithBool(self.raw(), c_int::from(truth))) };
    }

    /// A count or a moment; they are below 2^63.
    pub fn count(&self, number: u64) {
        self.integer(i64::try_from(number).unwrap_or(i64::MAX));
    }

    /// A bulk string.
    pub fn bulk(&self, bytes: &[u8]) {
        // SAFETY: the server copies the bytes.
        unsafe { api!(RedisModule_ReplyWithStringBuffer(self.raw(), bytes.as_ptr().cast(), bytes.len())) };
    }

    /// Null.
    pub fn null(&self) {
        // SAFETY: the context is valid.
        unsafe { api!(RedisModule_ReplyWithNull(self.raw())) };
    }

    /// An array; its elements follow.
    pub fn array(&self, len: usize) {
        // SAFETY: the context is valid.
        unsafe { api!(RedisModule_ReplyWithArray(self.raw(), len as c_long)) };
    }

    /// A map, in RESP2 a flat array; keys and values follow in turn.
    pub fn map(&self, len: usize) {
        // SAFETY: the context is valid.
        unsafe { api!(RedisModule_ReplyWithMap(self.raw(), len as c_long)) };
    }

    /// An error; what is not printable ASCII is shown as `?`.
    pub fn error(&self, text: &str) {
        let clean: Vec<u8> =
            text.bytes().map(|byte| if (b' '..0x7f).contains(&byte) { byte } else { b'?' }).collect();
        if let Ok(text) = CString::new(clean) {
            // SAFETY: the text ends with NUL, and the server copies it.
            unsafe { api!(RedisModule_ReplyWithError(self.raw(), text.as_ptr())) };
        }
    }
}
