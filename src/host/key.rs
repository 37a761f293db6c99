//! Keys and the module's values under them.

use redis_module::raw;

use super::api::api;
use super::{Arg, Context, ModuleValue};

/// What a key is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Only to look.
    Read,
    /// To change it.
    Write,
}

/// The key holds a value of another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongType;

/// An open key. What it lends cannot outlive it.
pub struct Key {
    key: *mut raw::RedisModuleKey,
}

impl Key {
    /// Opens a key of the selected database.
    pub fn open(ctx: &Context, name: Arg<'_>, mode: Mode) -> Key {
        let mode = match mode {
            Mode::Read => raw::REDISMODULE_READ,
            Mode::Write => raw::REDISMODULE_READ | raw::REDISMODULE_WRITE,
        };
        // SAFETY: context and name are valid; null stands for a missing key opened for reading.
        let key = unsafe { api!(RedisModule_OpenKey(ctx.raw(), name.raw(), mode as i32)) };
        Key { key }
    }

    /// True if there is no such key.
    pub fn is_empty(&self) -> bool {
        self.kind() == raw::REDISMODULE_KEYTYPE_EMPTY as i32
    }

    pub(super) fn kind(&self) -> i32 {
        // SAFETY: null is allowed and means empty.
        unsafe { api!(RedisModule_KeyType(self.key)) }
    }

    pub(super) fn raw(&self) -> *mut raw::RedisModuleKey {
        self.key
    }

    /// The value.
    ///
    /// # Errors
    /// [`WrongType`] if it is of another type.
    pub fn value<V: ModuleValue>(&self) -> Result<Option<&V>, WrongType> {
        // SAFETY: the value is a `V`, and the key is not changed while it is lent.
        self.value_ptr::<V>().map(|value| unsafe { value.as_ref() })
    }

    /// The value, to be changed. Nothing else may open the key meanwhile.
    ///
    /// # Errors
    /// [`WrongType`] if it is of another type.
    pub fn value_mut<V: ModuleValue>(&mut self) -> Result<Option<&mut V>, WrongType> {
        // SAFETY: the value is a `V`; the key is borrowed mutably, and the module opens a key once at a time.
        self.value_ptr::<V>().map(|value| unsafe { value.as_mut() })
    }

    fn value_ptr<V: ModuleValue>(&self) -> Result<*mut V, WrongType> {
        // SAFETY: null is allowed and has no type; the type tells what the pointer points to.
        unsafe {
            if api!(RedisModule_ModuleTypeGetType(self.key)) == V::handle().get() {
                return Ok(api!(RedisModule_ModuleTypeGetValue(self.key)).cast());
            }
        }
        if self.is_empty() { Ok(std::ptr::null_mut()) } else { Err(WrongType) }
    }

    /// Puts a value under a key opened for writing.
    pub fn set<V: ModuleValue>(&mut self, value: V) {
        let value = Box::into_raw(Box::new(value));
        // SAFETY: the server takes the pointer over and gives it back to the type's callbacks.
        unsafe { api!(RedisModule_ModuleTypeSetValue(self.key, V::handle().get(), value.cast())) };
    }

    /// Lets a key opened for writing that is not empty go by itself at a time in Unix milliseconds.
    ///
    /// A replica's key goes when its primary says so. Nothing is sent to replicas: the change that
    /// makes the value also carries the time.
    pub fn expire_at_ms(&mut self, at_ms: u64) {
        let at = i64::try_from(at_ms).unwrap_or(i64::MAX);
        // SAFETY: the key is open for writing; an empty one is refused.
        unsafe { api!(RedisModule_SetAbsExpire(self.key, at)) };
    }

    /// Deletes the value of a key opened for writing; it can be set again.
    pub fn delete(&mut self) {
        // SAFETY: the key is open for writing.
        unsafe { api!(RedisModule_DeleteKey(self.key)) };
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: null is allowed.
        unsafe { api!(RedisModule_CloseKey(self.key)) }
    }
}
