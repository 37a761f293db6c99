//! The filter: what SECKILL.APPLY carries, and a whole one in blocks.

use super::Kind;
use super::wire::{Corrupt, Reader, Writer};
use crate::bounds::Invalid;
use crate::filter::{
    Begun, Builder, Change, Digest, Effect, ErrorRate, Filter, Generation, Growth, Shape, Step, Steps, Touch,
};

/// Bytes of bits in a block.
const BITS_BYTES: usize = 32 * 1024;
/// A block of removed items ends when it is longer than this.
const LISTED_BYTES: usize = 32 * 1024;
/// How far what happens in the generation being filled is shifted in a step's byte.
const NEXT_SHIFT: u8 = 4;

/// What came with SECKILL.APPLY for a filter.
#[derive(Debug)]
pub enum Sent<'a> {
    /// A filter's creation.
    Created(Begun),
    /// A change.
    Change(Change<'a>),
    /// A part of a stored filter, for [`Loader`].
    Block,
}

/// Appends a filter's creation to `payload`.
pub fn encode_created(begun: &Begun, payload: &mut Vec<u8>) {
    encode_begun(Kind::FilterCreated, begun, payload);
}

/// Appends a filter's change to `payload`. Items to which nothing happens are left out.
pub fn encode_change(change: &Change<'_>, payload: &mut Vec<u8>) {
    match change {
        Change::Items(effect) => encode_effect(effect, payload),
        Change::Begun(begun) => encode_begun(Kind::FilterBegun, begun, payload),
        Change::Committed => Writer(payload).begin(Kind::FilterCommitted),
        Change::Aborted => Writer(payload).begin(Kind::FilterAborted),
    }
}

/// Appends what happens to items to `payload`.
pub fn encode_effect(effect: &Effect<'_>, payload: &mut Vec<u8>) {
    let mut w = Writer(payload);
    w.begin(Kind::FilterItems);
    for shapes in [&effect.grown, &effect.next_grown] {
        w.number(shapes.len() as u64);
        shapes.iter().for_each(|shape| encode_shape(&mut w, *shape));
    }
    for step in effect.steps.iter().filter(|step| step.changes()) {
        w.byte(step.now as u8 | (step.next as u8) << NEXT_SHIFT);
        w.bytes(step.item);
    }
}

/// Reads what came with SECKILL.APPLY for a filter.
///
/// # Errors
/// [`Corrupt`] if this codec did not write it.
pub fn decode_sent(payload: &[u8]) -> Result<Sent<'_>, Corrupt> {
    let (kind, mut r) = Reader::begin(payload)?;
    let sent = if kind == Kind::FilterCreated as u8 {
        Sent::Created(decode_begun(&mut r)?)
    } else if kind == Kind::FilterItems as u8 {
        Sent::Change(Change::Items(decode_effect(&mut r)?))
    } else if kind == Kind::FilterBegun as u8 {
        Sent::Change(Change::Begun(decode_begun(&mut r)?))
    } else if kind == Kind::FilterCommitted as u8 {
        Sent::Change(Change::Committed)
    } else if kind == Kind::FilterAborted as u8 {
        Sent::Change(Change::Aborted)
    } else {
        return Ok(Sent::Block);
    };
    r.end()?;
    Ok(sent)
}

fn decode_effect<'a>(r: &mut Reader<'a>) -> Result<Effect<'a>, Corrupt> {
    let (grown, next_grown) = (decode_shapes(r)?, decode_shapes(r)?);
    let mut steps = Steps::default();
    while !r.is_empty() {
        let codes = r.byte()?;
        let touch = |code: u8| Touch::from_code(code).ok_or(Corrupt("an unknown step"));
        let (now, next) = (touch(codes & ((1 << NEXT_SHIFT) - 1))?, touch(codes >> NEXT_SHIFT)?);
        let item = r.bytes()?;
        steps.push(Step { item, digest: Digest::of(item), now, next });
    }
    Ok(Effect { steps, grown, next_grown })
}

fn decode_shapes(r: &mut Reader<'_>) -> Result<Vec<Shape>, Corrupt> {
    let len = r.number()?;
    (0..len).map(|_| decode_shape(r)).collect()
}

fn encode_begun(kind: Kind, begun: &Begun, payload: &mut Vec<u8>) {
    let mut w = Writer(payload);
    w.begin(kind);
    encode_promise(&mut w, begun.error, begun.growth);
    encode_shape(&mut w, begun.first);
}

fn decode_begun(r: &mut Reader<'_>) -> Result<Begun, Corrupt> {
    let (error, growth) = decode_promise(r)?;
    Ok(Begun { error, growth, first: decode_shape(r)? })
}

/// An error rate is sent as the bits of the number: every machine has the same.
fn encode_promise(w: &mut Writer<'_>, error: ErrorRate, growth: Growth) {
    w.number(error.get().to_bits());
    w.number(u64::from(growth.factor()));
}

fn decode_promise(r: &mut Reader<'_>) -> Result<(ErrorRate, Growth), Corrupt> {
    let error = ErrorRate::new(f64::from_bits(r.number()?)).map_err(invalid)?;
    Ok((error, Growth::from_factor(r.small()?).map_err(invalid)?))
}

fn encode_shape(w: &mut Writer<'_>, shape: Shape) {
    w.number(shape.capacity);
    w.number(shape.bytes);
    w.number(u64::from(shape.hashes));
}

fn decode_shape(r: &mut Reader<'_>) -> Result<Shape, Corrupt> {
    Shape { capacity: r.number()?, bytes: r.number()?, hashes: r.small()? }.checked().map_err(invalid)
}

/// Gives a filter to `take`, block by block.
pub fn blocks(filter: &Filter, mut take: impl FnMut(&[u8])) {
    let mut block = Vec::with_capacity(BITS_BYTES + 16);
    for generation in [Some(filter.now()), filter.next()].into_iter().flatten() {
        write_block(&mut block, Kind::FilterGeneration, &mut take, |w| {
            encode_promise(w, generation.error(), generation.growth());
        });
        layer_blocks(generation, &mut block, &mut take);
        removed_blocks(generation, &mut block, &mut take);
    }
    write_block(&mut block, Kind::FilterEnd, &mut take, |_| {});
}

fn write_block(
    block: &mut Vec<u8>,
    kind: Kind,
    take: &mut impl FnMut(&[u8]),
    write: impl FnOnce(&mut Writer<'_>),
) {
    block.clear();
    let mut w = Writer(block);
    w.begin(kind);
    write(&mut w);
    take(block);
}

fn layer_blocks(generation: &Generation, block: &mut Vec<u8>, take: &mut impl FnMut(&[u8])) {
    for layer in generation.layers() {
        write_block(block, Kind::FilterLayer, take, |w| {
            encode_shape(w, layer.shape());
            w.number(layer.len());
        });
        for bits in layer.bits().chunks(BITS_BYTES) {
            write_block(block, Kind::FilterBits, take, |w| w.bytes(bits));
        }
    }
}

fn removed_blocks(generation: &Generation, block: &mut Vec<u8>, take: &mut impl FnMut(&[u8])) {
    let mut items = generation.removed().peekable();
    while items.peek().is_some() {
        block.clear();
        let mut w = Writer(block);
        w.begin(Kind::FilterRemoved);
        while let Some(item) = items.next_if(|_| w.0.len() <= LISTED_BYTES) {
            w.bytes(item);
        }
        take(block);
    }
}

/// Puts blocks together to a filter again.
#[derive(Debug, Default)]
pub struct Loader {
    builder: Builder,
}

impl Loader {
    /// Takes the next block; gives the filter after the last.
    ///
    /// # Errors
    /// [`Corrupt`] if it is not the next block of a filter.
    pub fn feed(&mut self, block: &[u8]) -> Result<Option<Filter>, Corrupt> {
        let (kind, mut r) = Reader::begin(block)?;
        if kind == Kind::FilterGeneration as u8 {
            let (error, growth) = decode_promise(&mut r)?;
            self.builder.generation(error, growth).map_err(invalid)?;
        } else if kind == Kind::FilterLayer as u8 {
            let shape = decode_shape(&mut r)?;
            self.builder.layer(shape, r.number()?).map_err(invalid)?;
        } else if kind == Kind::FilterBits as u8 {
            self.builder.bits(r.bytes()?).map_err(invalid)?;
        } else if kind == Kind::FilterRemoved as u8 {
            while !r.is_empty() {
                self.builder.removed(r.bytes()?).map_err(invalid)?;
            }
        } else if kind == Kind::FilterEnd as u8 {
            r.end()?;
            return std::mem::take(&mut self.builder).finish().map(Some).map_err(invalid);
        } else {
            return Err(Corrupt("an unknown block"));
        }
        r.end()?;
        Ok(None)
    }
}

fn invalid(why: Invalid) -> Corrupt {
    Corrupt(why.0)
}
