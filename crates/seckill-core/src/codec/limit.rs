//! A limit's bucket, as it is sent and as it is stored.

use super::Kind;
use super::wire::{Corrupt, Reader, Writer};
use crate::bounds::COUNT_MAX;
use crate::limit::{Bucket, Effect};
use crate::time::Timestamp;

/// Appends a change to `payload`: the bucket, and until when it is needed.
pub fn encode_limit(effect: &Effect, payload: &mut Vec<u8>) {
    let mut w = Writer(payload);
    w.begin(Kind::LimitChanged);
    encode(&mut w, &effect.bucket);
    w.number(effect.until.since(effect.bucket.at()));
}

/// Appends a bucket as it is stored to `payload`.
pub fn encode_bucket(bucket: &Bucket, payload: &mut Vec<u8>) {
    let mut w = Writer(payload);
    w.begin(Kind::LimitBucket);
    encode(&mut w, bucket);
}

fn encode(w: &mut Writer<'_>, bucket: &Bucket) {
    for number in [bucket.at().0, bucket.period_ms(), bucket.units(), bucket.fraction()] {
        w.number(number);
    }
}

/// Reads a bucket, and until when it is needed if it is one that was sent.
///
/// # Errors
/// [`Corrupt`] if this codec did not write it.
pub fn decode_limit(payload: &[u8]) -> Result<(Bucket, Option<Timestamp>), Corrupt> {
    let (kind, mut r) = Reader::begin(payload)?;
    if ![Kind::LimitChanged, Kind::LimitBucket].iter().any(|known| *known as u8 == kind) {
        return Err(Corrupt("no bucket"));
    }
    let at = Timestamp(r.number()?);
    let (period_ms, units, fraction) = (r.number()?, r.number()?, r.number()?);
    let bucket = Bucket::new(units, fraction, period_ms, at).map_err(|why| Corrupt(why.0))?;
    let until = if kind == Kind::LimitChanged as u8 { Some(at.after(r.number()?)) } else { None };
    r.end()?;
    if until.is_some_and(|until| until.0 > COUNT_MAX) || (until.is_none() && bucket.is_empty()) {
        return Err(Corrupt("a bucket out of range"));
    }
    Ok((bucket, until))
}
