//! A filter from its parts, which may come from anywhere.

use super::digest::{Digest, Positions};
use super::layer::Bits;
use super::removed::Removed;
use super::shape::{ErrorRate, Growth, LAYERS_MAX, Shape};
use super::{Filter, Generation};
use crate::bounds::Invalid;

/// Puts a filter together, part by part, and believes none of them.
#[derive(Debug, Default)]
pub struct Builder {
    now: Option<Generation>,
    open: Option<Generation>,
    bits: Option<Bits>,
}

impl Builder {
    /// A generation follows.
    ///
    /// # Errors
    /// [`Invalid`] if there are two already, or the one before is not complete.
    pub fn generation(&mut self, error: ErrorRate, growth: Growth) -> Result<(), Invalid> {
        self.close_generation()?;
        if self.now.is_some() && self.open.is_some() {
            return Err(Invalid("more than two generations"));
        }
        if self.now.is_none() {
            self.now = self.open.take();
        }
        self.open = Some(Generation { error, growth, layers: Vec::new(), removed: Removed::default() });
        Ok(())
    }

    /// A layer of it follows.
    ///
    /// # Errors
    /// [`Invalid`] if there can be no such layer here.
    pub fn layer(&mut self, shape: Shape, len: u64) -> Result<(), Invalid> {
        self.close_layer()?;
        let open = self.open.as_ref().ok_or(Invalid("a layer without a generation"))?;
        if open.removed.len() > 0 {
            return Err(Invalid("a layer after removed items"));
        }
        let may_follow = open.layers.is_empty() || open.growth != Growth::Fixed && open.room() == 0;
        if !may_follow || open.layers.len() >= LAYERS_MAX {
            return Err(Invalid("a layer too many"));
        }
        self.bits = Some(Bits::new(shape, len)?);
        Ok(())
    }

    /// The next of its bits.
    ///
    /// # Errors
    /// [`Invalid`] if they are too many.
    pub fn bits(&mut self, bits: &[u8]) -> Result<(), Invalid> {
        self.bits.as_mut().ok_or(Invalid("bits without a layer"))?.push(bits)
    }

    /// The next removed item, in order.
    ///
    /// # Errors
    /// [`Invalid`] if no layer holds it, or it comes out of order.
    pub fn removed(&mut self, item: &[u8]) -> Result<(), Invalid> {
        self.close_layer()?;
        let open = self.open.as_mut().ok_or(Invalid("a removed item without a generation"))?;
        if open.removed.last().is_some_and(|last| last >= item) {
            return Err(Invalid("a removed item out of order"));
        }
        if !open.holds(Positions::of(Digest::of(item))) {
            return Err(Invalid("a removed item that was never there"));
        }
        open.removed.insert(item);
        Ok(())
    }

    /// The filter.
    ///
    /// # Errors
    /// [`Invalid`] if a part is missing.
    pub fn finish(mut self) -> Result<Filter, Invalid> {
        self.close_generation()?;
        let open = self.open.ok_or(Invalid("no generation"))?;
        Ok(match self.now {
            Some(now) => Filter { now, next: Some(open) },
            None => Filter { now: open, next: None },
        })
    }

    fn close_layer(&mut self) -> Result<(), Invalid> {
        if let (Some(bits), Some(open)) = (self.bits.take(), &mut self.open) {
            open.layers.push(bits.finish()?);
        }
        Ok(())
    }

    fn close_generation(&mut self) -> Result<(), Invalid> {
        self.close_layer()?;
        let is_bare = self.open.as_ref().is_some_and(|open| open.layers.is_empty());
        if is_bare { Err(Invalid("a generation without a layer")) } else { Ok(()) }
    }
}
