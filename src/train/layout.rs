//! Observations and actions by name: what each number of a vector means.

use serde::Serialize;

use super::action::Heads;
use super::cast::Cast;
use super::look::{self, Sink};

/// Changes whenever a number of an observation, or a choice of an action, changes meaning or place.
pub const VERSION: u32 = 3;

/// One number of an observation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Field {
    /// Block and quantity, such as `robot0.battery`.
    pub name: String,
    /// Of the quantity itself, such as `m/s`; empty for shares and flags.
    pub unit: &'static str,
    /// The quantity x is told as x/(|x| + scale), within -1 to 1, where this is given; else as it is.
    pub scale: Option<f32>,
    pub low: f32,
    pub high: f32,
}

/// Every number of an observation and every choice of an action of one agent.
///
/// All agents of a task share one layout, so that their observations make one array.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Layout {
    pub version: u32,
    pub fields: Vec<Field>,
    pub heads: Heads,
}

impl Layout {
    /// The layout of a cast.
    pub(super) fn of(cast: &Cast) -> Self {
        let mut names = Names::default();
        look::describe(cast, &mut names);
        Self {
            version: VERSION,
            fields: names.fields,
            heads: Heads::of(cast),
        }
    }

    /// Numbers in an observation.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

/// Writes down what would be seen instead of seeing it.
#[derive(Default)]
struct Names {
    block: String,
    fields: Vec<Field>,
}

impl Names {
    fn push(
        &mut self,
        name: &str,
        unit: &'static str,
        scale: Option<f32>,
        (low, high): (f32, f32),
    ) {
        self.fields.push(Field {
            name: format!("{}.{name}", self.block),
            unit,
            scale,
            low,
            high,
        });
    }
}

impl Sink for Names {
    fn block(&mut self, name: &str, index: Option<usize>) {
        self.block = match index {
            Some(index) => format!("{name}{index}"),
            None => name.to_owned(),
        };
    }

    fn flag(&mut self, name: &str, _: bool) {
        self.push(name, "", None, (0.0, 1.0));
    }

    fn share(&mut self, name: &str, _: f32) {
        self.push(name, "", None, (0.0, 1.0));
    }

    fn signed(&mut self, name: &str, _: f32) {
        self.push(name, "", None, (-1.0, 1.0));
    }

    fn squashed(&mut self, name: &str, unit: &'static str, scale: f32, _: f32) {
        self.push(name, unit, Some(scale), (-1.0, 1.0));
    }
}
