//! One body against what stands still: most of what touches, most of the time.
//!
//! Such a body has six velocities, however many contacts carry it: in coordinates in which it weighs
//! one every way, a contact is three directions and how they yield to each other. Each contact in turn
//! is given what holds it, in all three at once, or what friction can give of that; rounds go on
//! until all agree.

use bevy::math::{DMat3, DVec3};

use super::solver::Contact;

const ROUNDS: usize = 60;

type Six = [f64; 6];

/// Coordinates in which a body weighs one in every direction and about every axis: velocity along
/// its axes times the root of its mass, turn about them times the roots of its moments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lone {
    body_from_world: DMat3,
    /// One over the roots.
    eased: f64,
    eased_turn: DVec3,
    speeds: Six,
}

/// A contact in these coordinates: along its normal and across.
#[derive(Clone, Copy, Debug)]
struct Touch {
    ways: [Six; 3],
    /// Changes of the speeds along its ways by a unit of impulse along each.
    yields: DMat3,
    /// The impulse that changes the speeds by one.
    stops: DMat3,
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
            eased: root_mass.recip(),
            eased_turn: root_moments.recip(),
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
            axes * (DVec3::new(x, y, z) * self.eased),
            axes * (DVec3::new(about_x, about_y, about_z) * self.eased_turn),
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
        let along = |way: DVec3| {
            let way = self.body_from_world * (sign * way);
            let (along, about) = (way * self.eased, arm_m.cross(way) * self.eased_turn);
            [along.x, along.y, along.z, about.x, about.y, about.z]
        };
        let [normal, one, two] = contact.ways;
        let ways = [along(normal), along(one), along(two)];
        let [along, one, two] = &ways;
        let (along_one, along_two, one_two) = (dot(along, one), dot(along, two), dot(one, two));
        let yields = DMat3::from_cols(
            DVec3::new(dot(along, along), along_one, along_two),
            DVec3::new(along_one, dot(one, one), one_two),
            DVec3::new(along_two, one_two, dot(two, two)),
        );
        Touch {
            ways,
            yields,
            stops: yields.inverse(),
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

    fn one_by_one(
        &mut self,
        contacts: &mut [Contact],
        touches: &[Touch],
        rounds: usize,
        agreed_m_s: f64,
    ) {
        for round in 0..rounds {
            let mut largest_m_s = 0.0f64;
            for i in 0..contacts.len() {
                // To and fro.
                let i = if round % 2 == 0 {
                    i
                } else {
                    contacts.len() - 1 - i
                };
                let change_m_s = touches[i].press(&mut contacts[i], &mut self.speeds);
                largest_m_s = largest_m_s.max(change_m_s);
            }
            if largest_m_s < agreed_m_s {
                break;
            }
        }
    }
}

impl Touch {
    /// Gives a contact the impulse that it needs by itself, and returns how much that changes
    /// speeds [m/s].
    fn press(&self, contact: &mut Contact, speeds: &mut Six) -> f64 {
        let [along, one, two] = &self.ways;
        let along_m_s = dot(along, speeds);
        if contact.impulse[0] == 0.0 && contact.target_m_s <= along_m_s {
            return 0.0;
        }
        let speed = DVec3::new(along_m_s, dot(one, speeds), dot(two, speeds));
        let before = DVec3::from_array(contact.impulse);
        let friction = contact.grip.friction;
        // What it takes to hold it, if friction is enough.
        let mut impulse = before + self.stops * (DVec3::X * contact.target_m_s - speed);
        let across2 = impulse.y * impulse.y + impulse.z * impulse.z;
        if impulse.x < 0.0 || (friction * impulse.x).powi(2) < across2 {
            impulse = self.slip(contact.target_m_s, friction, before, speed);
        }
        let change = impulse - before;
        for (way, change) in self.ways.iter().zip(change.to_array()) {
            add(speeds, change, way);
        }
        contact.impulse = impulse.to_array();
        let diagonal = DVec3::new(
            self.yields.x_axis.x,
            self.yields.y_axis.y,
            self.yields.z_axis.z,
        );
        (change * diagonal).abs().max_element()
    }

    /// The impulse of a contact that friction does not hold, or that lets go.
    fn slip(&self, target_m_s: f64, friction: f64, before: DVec3, speed: DVec3) -> DVec3 {
        let yields = &self.yields;
        let alone_m_s = speed.x - yields.x_axis.dot(before);
        if target_m_s <= alone_m_s {
            return DVec3::ZERO;
        }
        let most = yields.y_axis.y.max(yields.z_axis.z);
        let across = DVec3::new(0.0, before.y - speed.y / most, before.z - speed.z / most);
        let across = across.normalize_or_zero() * friction;
        // Friction comes with the normal impulse, and helps or hinders it.
        let yielding = yields.x_axis.dot(DVec3::X + across);
        let yielding = if 0.2 * yields.x_axis.x < yielding {
            yielding
        } else {
            yields.x_axis.x
        };
        (target_m_s - alone_m_s) / yielding * (DVec3::X + across)
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
