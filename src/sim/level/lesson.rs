//! The steps of a lesson: what is told, and what is to be done before the next step is told.
//!
//! A step is its text alone, or text and a [`Deed`]. Who has done which deed is counted in
//! [`sim::lesson`](crate::sim::lesson).

use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Goal;
use crate::sim::order::Order;

/// One step of a lesson. In a level file `"text"`, or `(text: "text", until: deed)`.
#[derive(Clone, Debug, PartialEq)]
pub struct LessonStep {
    pub text: String,
    /// The step is over when this has been done; without it, when it has been read.
    pub until: Option<Deed>,
}

/// Something that a prospector is to do, told from what anyone may see or its own books show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Deed {
    /// An order of this name was accepted, of this robot if it is named.
    Ordered {
        order: String,
        #[serde(default)]
        robot: Option<String>,
    },
    /// A robot holds on to the ground.
    Anchored {
        #[serde(default)]
        robot: Option<String>,
    },
    /// A robot has at least so much in its bin.
    Loaded {
        #[serde(default)]
        robot: Option<String>,
        mass_kg: f64,
    },
    /// So much has been tipped into plants of its own, all together.
    Delivered { mass_kg: f64 },
    /// So much water stands in one of its plants.
    Baked { mass_kg: f64 },
    /// So much has been sold, all together.
    Sold { mass_kg: f64 },
    /// A claim of its own stands in the registry.
    Claimed,
    /// So many readings are its own.
    Read { readings: u32 },
    /// As the goal of that name.
    Foretold { apex_min_m: f64, tolerance: f64 },
    /// As the goal of that name.
    ThrownOff,
    /// As the goal of that name.
    Cored { depth_m: f64, slip_max_m: f64 },
}

impl Deed {
    /// The robot that is to do it, if one is named.
    pub fn robot(&self) -> Option<&str> {
        match self {
            Self::Ordered { robot, .. } | Self::Anchored { robot } | Self::Loaded { robot, .. } => {
                robot.as_deref()
            }
            _ => None,
        }
    }

    /// The goal of a prospector that only feats can reach, if it is one.
    pub fn as_goal(&self, prospector: &str) -> Option<Goal> {
        let prospector = prospector.to_owned();
        Some(match *self {
            Self::Foretold {
                apex_min_m,
                tolerance,
            } => Goal::Foretold {
                prospector,
                apex_min_m,
                tolerance,
            },
            Self::ThrownOff => Goal::ThrownOff { prospector },
            Self::Cored {
                depth_m,
                slip_max_m,
            } => Goal::Cored {
                prospector,
                depth_m,
                slip_max_m,
            },
            _ => return None,
        })
    }
}

/// The names of all orders.
pub fn order_names() -> &'static [&'static str] {
    // The reader of orders knows them, and says so when it meets another.
    match ron::from_str::<Order>("NoSuchOrder()") {
        Err(ron::error::SpannedError {
            code: ron::Error::NoSuchEnumVariant { expected, .. },
            ..
        }) => expected,
        _ => &[],
    }
}

const FIELDS: &[&str] = &["text", "until"];

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Text,
    Until,
}

impl<'de> Deserialize<'de> for LessonStep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not an untagged enum: that would forget the names of variants before they are read.
        struct Step;

        impl<'de> Visitor<'de> for Step {
            type Value = LessonStep;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a text, or (text: a text, until: what is to be done)")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<LessonStep, E> {
                Ok(LessonStep {
                    text: text.to_owned(),
                    until: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<LessonStep, A::Error> {
                let (mut text, mut until) = (None, None);
                while let Some(field) = map.next_key()? {
                    match field {
                        Field::Text => text = Some(map.next_value()?),
                        Field::Until => until = Some(map.next_value()?),
                    }
                }
                let text = text.ok_or_else(|| de::Error::missing_field(FIELDS[0]))?;
                Ok(LessonStep { text, until })
            }
        }

        deserializer.deserialize_any(Step)
    }
}

impl Serialize for LessonStep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.until {
            None => serializer.serialize_str(&self.text),
            Some(until) => {
                let mut step = serializer.serialize_struct("LessonStep", FIELDS.len())?;
                step.serialize_field(FIELDS[0], &self.text)?;
                step.serialize_field(FIELDS[1], until)?;
                step.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_its_text_or_text_and_a_deed_and_survives_writing() {
        let text = r#"[
            "Look around.",
            (text: "Anchor it.", until: Anchored(robot: Some("digger-1"))),
            (text: "Sell.", until: Sold(mass_kg: 2.0)),
            (text: "Claim.", until: Claimed),
            (text: "Anchor any.", until: Anchored()),
        ]"#;
        let steps: Vec<LessonStep> = ron::from_str(text).unwrap();
        assert_eq!(steps[0].until, None);
        assert_eq!(steps[2].until, Some(Deed::Sold { mass_kg: 2.0 }));
        assert_eq!(steps[3].until, Some(Deed::Claimed));
        assert_eq!(steps[4].until, Some(Deed::Anchored { robot: None }));
        let pretty = ron::ser::PrettyConfig::default();
        let written = ron::ser::to_string_pretty(&steps, pretty).unwrap();
        assert_eq!(ron::from_str::<Vec<LessonStep>>(&written).unwrap(), steps);
        for wrong in [
            r#"[(until: Claimed)]"#,
            r#"[(text: "a", till: Claimed)]"#,
            r#"[(text: "a", until: Danced)]"#,
            "[3]",
        ] {
            assert!(ron::from_str::<Vec<LessonStep>>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_order_can_be_asked_for_by_its_name() {
        let names = order_names();
        assert!(names.contains(&"Anchor") && names.contains(&"Stop"));
        let stop = Order::Stop {
            robot: "digger-1".into(),
        };
        assert_eq!(stop.name(), "Stop");
    }
}
