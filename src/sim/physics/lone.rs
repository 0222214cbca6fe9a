//! One body against what stands still: most of what touches, most of the time.
//!
//! Such a body has six velocities, however many contacts carry it: in coordinates in which it weighs
//! one every way, a round over its contacts is twelve products each.

use bevy::math::{DMat3, DVec3};

use super::solver::{Contact, limit_friction};

const ROUNDS: usize = 60;

type Six = [f64; 6];

/// Coordinates in which a body weighs one in every direction and about every axis: velocity along
/// its axes times the root of its mass, turn about them times the roots of its moments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lone {
    body_from_world: DMat3,
    root_mass: f64,
    root_moments: DVec3,
    speeds: Six,
}

/// A contact in these coordinates: along its normal and across.
#[derive(Clone, Copy, Debug)]
struct Touch {
    ways: [Six; 3],
    /// Change of speed by a unit of impulse.
    yields: [f64; 3],
}

/// Memory that each body uses again.
#[derive(Default)]
pub(super) struct Scratch {
    touches: Vec<Touch>,
}

fn dot(a: &Six, b: &Six) -> f64 {
    (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) + (a[3] * b[3] + a[4] * b[4] + a[5] * b[5])
}

fn add(to: &mut Six, factor: f64, what: &Six) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += factor * what;
    }
}

impl Lone {
    pub(super) fn new(
        axes: DMat3,
        mass_kg: f64,
        moments_kg_m2: DVec3,
        velocity: DVec3,
        turn: DVec3,
    ) -> Self {
        let root_moments = moments_kg_m2.map(f64::sqrt);
        let body_from_world = axes.transpose();
        let root_mass = mass_kg.sqrt();
        let linear = body_from_world * velocity * root_mass;
        let angular = body_from_world * turn * root_moments;
        Self {
            body_from_world,
            root_mass,
            root_moments,
            speeds: [
                linear.x, linear.y, linear.z, angular.x, angular.y, angular.z,
            ],
        }
    }

    /// Velocity and turn in the world.
    pub(super) fn motion(&self) -> (DVec3, DVec3) {
        let [x, y, z, about_x, about_y, about_z] = self.speeds;
        let axes = self.body_from_world.transpose();
        (
            axes * (DVec3::new(x, y, z) / self.root_mass),
            axes * (DVec3::new(about_x, about_y, about_z) / self.root_moments),
        )
    }

    fn touch(&self, contact: &Contact, second: bool) -> Touch {
        // Seen from the second of a pair, everything is the other way around.
        let (sign, arm_m) = if second {
            (-1.0, contact.arm_b_m)
        } else {
            (1.0, contact.arm_a_m)
        };
        let arm_m = self.body_from_world * arm_m;
        let ways = contact.ways().map(|way| {
            let way = self.body_from_world * (sign * way);
            let (along, about) = (way / self.root_mass, arm_m.cross(way) / self.root_moments);
            [along.x, along.y, along.z, about.x, about.y, about.z]
        });
        Touch {
            ways,
            yields: ways.map(|way| dot(&way, &way).max(1e-300)),
        }
    }

    /// Gets the contacts ready; `of` is the number of this body.
    pub(super) fn meet(&self, contacts: &[Contact], of: u32, scratch: &mut Scratch) {
        scratch.touches.clear();
        scratch.touches.extend(
            contacts
                .iter()
                .map(|contact| self.touch(contact, contact.a != of)),
        );
    }

    /// Speed of each contact along its normal [m/s].
    pub(super) fn approaches<'a>(&self, scratch: &'a Scratch) -> impl Iterator<Item = f64> + 'a {
        let speeds = self.speeds;
        scratch
            .touches
            .iter()
            .map(move |touch| dot(&touch.ways[0], &speeds))
    }

    /// Finds the impulses of all contacts and the motion that they make of the one the body came
    /// with. The targets of the contacts must be set; they hold impulses to start from.
    pub(super) fn agree(&mut self, contacts: &mut [Contact], scratch: &Scratch, agreed_m_s: f64) {
        let touches = &scratch.touches;
        self.speeds = pushed(&self.speeds, contacts, touches);
        self.one_by_one(contacts, touches, ROUNDS, agreed_m_s);
    }

    #[expect(
        clippy::needless_range_loop,
        reason = "a row counts in three arrays at once"
    )]
    fn one_by_one(
        &mut self,
        contacts: &mut [Contact],
        touches: &[Touch],
        rounds: usize,
        agreed_m_s: f64,
    ) {
        let speeds = &mut self.speeds;
        for round in 0..rounds {
            let mut largest_m_s = 0.0f64;
            for i in 0..contacts.len() {
                // To and fro.
                let i = if round % 2 == 0 {
                    i
                } else {
                    contacts.len() - 1 - i
                };
                let (contact, touch) = (&mut contacts[i], &touches[i]);
                let before = contact.impulse;
                // What does not press does not rub.
                let first = if before[0] == 0.0 { 3 } else { 1 };
                for row in first..3 {
                    contact.impulse[row] -= dot(&touch.ways[row], speeds) / touch.yields[row];
                }
                limit_friction(contact);
                for row in first..3 {
                    add(speeds, contact.impulse[row] - before[row], &touch.ways[row]);
                }
                let short_m_s = contact.target_m_s - dot(&touch.ways[0], speeds);
                contact.impulse[0] = (before[0] + short_m_s / touch.yields[0]).max(0.0);
                add(speeds, contact.impulse[0] - before[0], &touch.ways[0]);
                for row in 0..3 {
                    let change = contact.impulse[row] - before[row];
                    largest_m_s = largest_m_s.max(change.abs() * touch.yields[row]);
                }
            }
            if largest_m_s < agreed_m_s {
                break;
            }
        }
    }
}

/// What the impulses of contacts make of a motion.
fn pushed(came: &Six, contacts: &[Contact], touches: &[Touch]) -> Six {
    let mut speeds = *came;
    for (contact, touch) in contacts.iter().zip(touches) {
        for (impulse, way) in contact.impulse.iter().zip(&touch.ways) {
            if *impulse != 0.0 {
                add(&mut speeds, *impulse, way);
            }
        }
    }
    speeds
}
