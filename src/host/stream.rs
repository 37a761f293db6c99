//! Appending to a stream.

use std::ffi::c_int;

use redis_module::raw;

use super::api::api;
use super::{Arg, Context, HostString, Key, Mode};

/// Fields of an entry at most.
const FIELDS_MAX: usize = 8;

/// A stream, open for appending.
pub struct Stream<'a> {
    ctx: &'a Context,
    name: Arg<'a>,
    key: Key,
}

/// The id of a new entry: milliseconds and number.
pub type Appended = (u64, u64);

/// Why there is no stream to append to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamError {
    /// There is no such key.
    Missing,
    /// The key holds something else.
    WrongType,
    /// The stream's newest id is the last there can be, or beyond the id asked for.
    Refused,
}

/// Names and values of an entry.
pub struct Fields<'a> {
    strings: [*mut raw::RedisModuleString; FIELDS_MAX * 2],
    /// Fields so far.
    len: usize,
    owned: [Option<HostString>; FIELDS_MAX],
    life: std::marker::PhantomData<Arg<'a>>,
}

impl<'a> Fields<'a> {
    /// No fields.
    pub fn new() -> Fields<'a> {
        Fields {
            strings: [std::ptr::null_mut(); FIELDS_MAX * 2],
            len: 0,
            owned: [const { None }; FIELDS_MAX],
            life: std::marker::PhantomData,
        }
    }

    /// A field with a value that the server has already. A ninth field is left out.
    pub fn lend(&mut self, name: Arg<'a>, value: Arg<'a>) {
        if let Some(place) = self.strings.as_chunks_mut::<2>().0.get_mut(self.len) {
            *place = [name.raw(), value.raw()];
            self.len += 1;
        }
    }

    /// A field with a value of the module's.
    pub fn give(&mut self, name: Arg<'a>, value: &[u8]) {
        let value = HostString::new(value);
        // SAFETY: the string is kept in `owned` as long as the fields live.
        self.lend(name, unsafe { Arg::new(value.arg().raw()) });
        if let Some(place) = self.owned.iter_mut().find(|place| place.is_none()) {
            *place = Some(value);
        }
    }
}

impl Default for Fields<'_> {
    fn default() -> Self {
        Fields::new()
    }
}

impl<'a> Stream<'a> {
    /// Opens a stream; does not make one.
    ///
    /// # Errors
    /// [`StreamError`] if there is none.
    pub fn open(ctx: &'a Context, name: Arg<'a>) -> Result<Stream<'a>, StreamError> {
        let key = Key::open(ctx, name, Mode::Write);
        match key.kind() as isize {
            raw::REDISMODULE_KEYTYPE_STREAM => Ok(Stream { ctx, name, key }),
            raw::REDISMODULE_KEYTYPE_EMPTY => Err(StreamError::Missing),
            _ => Err(StreamError::WrongType),
        }
    }

    /// Opens a stream, or an empty key that becomes one with its first entry.
    ///
    /// # Errors
    /// [`StreamError::WrongType`] if the key holds something else.
    pub fn open_or_make(ctx: &'a Context, name: Arg<'a>) -> Result<Stream<'a>, StreamError> {
        match Stream::open(ctx, name) {
            Err(StreamError::Missing) => Ok(Stream { ctx, name, key: Key::open(ctx, name, Mode::Write) }),
            result => result,
        }
    }

    /// Appends an entry under `id`, or under the next id without one. Nothing is replicated.
    ///
    /// # Errors
    /// [`StreamError::Refused`] if no entry can have the id.
    pub fn append(self, id: Option<Appended>, mut fields: Fields<'_>) -> Result<Appended, StreamError> {
        let (ms, seq) = id.unwrap_or_default();
        let mut entry = raw::RedisModuleStreamID { ms, seq };
        let flags = if id.is_some() { 0 } else { raw::REDISMODULE_STREAM_ADD_AUTOID as c_int };
        // SAFETY: the key is open for writing, the array holds two strings a field, all alive.
        let result = unsafe {
            let strings = fields.strings.as_mut_ptr();
            api!(RedisModule_StreamAdd(self.key.raw(), flags, &mut entry, strings, fields.len as i64))
        };
        if result != raw::REDISMODULE_OK as c_int {
            return Err(StreamError::Refused);
        }
        let Stream { ctx, name, key } = self;
        drop(key);
        ctx.signal_modified(name);
        ctx.notify_class(raw::REDISMODULE_NOTIFY_STREAM, c"xadd", name);
        Ok((entry.ms, entry.seq))
    }
}
