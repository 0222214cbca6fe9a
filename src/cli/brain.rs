//! `--brain NAME=POLICY`: trained policies in the seats of prospectors.

use std::{path::PathBuf, sync::Arc};

use super::Failure;
use crate::headless::Headless;
use crate::sim::level::Level;
use crate::train::{Policy, SeatedPolicy};

/// Who is decided for, and by which file.
#[derive(Clone, Debug, PartialEq)]
pub struct BrainArg {
    prospector: String,
    file: PathBuf,
}

impl BrainArg {
    /// # Errors
    /// What was expected, as a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((prospector, file)) if !prospector.is_empty() && !file.is_empty() => Ok(Self {
                prospector: prospector.to_owned(),
                file: file.into(),
            }),
            _ => Err("expected PROSPECTOR=FILE.onnx".to_owned()),
        }
    }
}

/// Policies with the names of those that they decide for.
pub type Appointed = Vec<(String, Arc<Policy>)>;

/// Reads the policies.
///
/// # Errors
/// The first file that is no policy, or a prospector that is named twice.
pub fn read(args: &[BrainArg]) -> Result<Appointed, Failure> {
    let mut appointed: Appointed = Vec::new();
    for BrainArg { prospector, file } in args {
        if appointed.iter().any(|(known, _)| known == prospector) {
            return Err(Failure::Input(format!(
                "--brain names \"{prospector}\" twice: one policy decides for one prospector"
            )));
        }
        let policy = Policy::read(file).map_err(Failure::input)?;
        appointed.push((prospector.clone(), Arc::new(policy)));
    }
    Ok(appointed)
}

/// Makes room for the policies in a level that is not yet a world.
///
/// # Errors
/// The first policy that cannot decide for its prospector.
pub fn make_room(appointed: &Appointed, level: &mut Level) -> Result<(), Failure> {
    for (prospector, policy) in appointed {
        policy
            .make_room(level, prospector)
            .map_err(Failure::input)?;
    }
    Ok(())
}

/// Seats the policies in a world.
///
/// # Errors
/// As [`make_room`].
pub fn seat(appointed: &Appointed, world: &mut Headless) -> Result<Vec<SeatedPolicy>, Failure> {
    let seats = appointed.iter();
    seats
        .map(|(prospector, policy)| SeatedPolicy::new(policy, prospector, world))
        .collect::<Result<_, _>>()
        .map_err(Failure::input)
}
