//! What changes, in absolute values.

use super::Verb;
use super::digest::Digest;
use super::shape::{ErrorRate, Growth, Shape};

/// What happens to an item in a generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Touch {
    /// Nothing: it is as it should be.
    #[default]
    None = 0,
    /// It is put into the last layer.
    Insert = 1,
    /// It is taken off the list of removed items.
    Restore = 2,
    /// It is put on that list.
    Remove = 3,
}

impl Touch {
    /// The touch with this code.
    pub fn from_code(code: u8) -> Option<Touch> {
        [Touch::None, Touch::Insert, Touch::Restore, Touch::Remove].into_iter().find(|it| *it as u8 == code)
    }
}

/// What happens to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// The item.
    pub item: &'a [u8],
    /// Its digest.
    pub digest: Digest,
    /// What happens to it in the generation that answers.
    pub now: Touch,
    /// What happens to it in the generation that is being filled.
    pub next: Touch,
}

impl Step<'_> {
    /// True if anything happens.
    pub fn changes(&self) -> bool {
        self.now != Touch::None || self.next != Touch::None
    }

    /// True if `verb` changed what it is about: the generation being filled for [`Verb::Refill`], else the one
    /// that answers.
    pub fn answers(&self, verb: Verb) -> bool {
        let touch = if verb == Verb::Refill { self.next } else { self.now };
        touch != Touch::None
    }
}

/// A step for each item, in the order given. One item needs no memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps<'a> {
    first: Option<Step<'a>>,
    rest: Vec<Step<'a>>,
}

impl<'a> Steps<'a> {
    /// Adds one.
    pub fn push(&mut self, step: Step<'a>) {
        match self.first {
            None => self.first = Some(step),
            Some(_) => self.rest.push(step),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Step<'a>> {
        self.first.iter().chain(&self.rest)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

/// What happens to items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effect<'a> {
    /// To each of them.
    pub steps: Steps<'a>,
    /// Layers that the generation that answers goes on with when its last is full.
    pub grown: Vec<Shape>,
    /// The same for the generation that is being filled.
    pub next_grown: Vec<Shape>,
}

impl Effect<'_> {
    /// True if anything changes.
    pub fn changes(&self) -> bool {
        self.steps.iter().any(Step::changes)
    }

    /// True if each item is put into the last layer of the one generation, and nothing else happens.
    pub fn only_inserts(&self) -> bool {
        let inserts = |step: &Step<'_>| step.now == Touch::Insert && step.next == Touch::None;
        self.grown.is_empty() && self.next_grown.is_empty() && self.steps.iter().all(inserts)
    }
}

/// How a generation begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Begun {
    /// The error rate promised for it.
    pub error: ErrorRate,
    /// Whether it grows.
    pub growth: Growth,
    /// Its first layer.
    pub first: Shape,
}

/// A change of a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Change<'a> {
    /// Something happens to items.
    Items(Effect<'a>),
    /// A second generation begins.
    Begun(Begun),
    /// The second generation takes the place of the first.
    Committed,
    /// The second generation is dropped.
    Aborted,
}
