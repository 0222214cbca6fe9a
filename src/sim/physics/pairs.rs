//! Which boxes are near each other, and where they touch.

use bevy::math::{DQuat, DVec3, IVec3, Vec3};
use bevy_rapier3d::rapier::parry::query::ContactManifold;
use bevy_rapier3d::rapier::parry::query::details::contact_manifold_cuboid_cuboid;
use bevy_rapier3d::rapier::parry::shape::Cuboid;
use bevy_rapier3d::rapier::prelude::Pose;

use super::solver::Contact;
use super::{Body, Grip, MACHINE_FRICTION, MACHINE_RESTITUTION, State};

/// Boxes closer than this are kept as neighbours [m].
const KEPT_M: f64 = 1.0;

/// Pairs of boxes that may touch before one of them has moved by half of [`KEPT_M`].
///
/// It holds more pairs than touch, in the order of their numbers, so that making it anew changes
/// no result.
#[derive(Default)]
pub(super) struct Neighbours {
    pairs: Vec<(u32, u32)>,
    /// Where each body was when the list was made.
    places_m: Vec<DVec3>,
    cells: Vec<([i32; 3], u32)>,
}

impl Neighbours {
    pub(super) fn forget(&mut self) {
        self.places_m.clear();
    }

    pub(super) fn pairs(&self) -> &[(u32, u32)] {
        &self.pairs
    }

    /// Makes the list anew if something has moved far enough.
    pub(super) fn renew(&mut self, bodies: &[Body]) {
        let far2_m2 = (0.5 * KEPT_M).powi(2);
        let fresh = self.places_m.len() == bodies.len()
            && bodies.iter().zip(&self.places_m).all(|(body, was_m)| {
                body.state != State::Moving || body.position_m.distance_squared(*was_m) < far2_m2
            });
        if fresh {
            return;
        }
        self.places_m.clear();
        self.places_m
            .extend(bodies.iter().map(|body| body.position_m));
        self.pairs.clear();
        let widest_m = bodies.iter().map(Body::radius_m).fold(0.0, f64::max);
        let cell_m = 2.0 * widest_m + KEPT_M;
        self.cells.clear();
        self.cells.extend(
            bodies
                .iter()
                .enumerate()
                .filter(|(_, body)| body.state != State::Gone)
                .map(|(index, body)| {
                    let cell = (body.position_m / cell_m).floor().as_ivec3();
                    (cell.to_array(), index as u32)
                }),
        );
        self.cells.sort_unstable();
        for &(cell, a) in &self.cells {
            let cell = IVec3::from_array(cell);
            let body = &bodies[a as usize];
            for x in -1..=1 {
                for y in -1..=1 {
                    // Cells along z stand next to each other in the order.
                    let from = (cell + IVec3::new(x, y, -1)).to_array();
                    let to = (cell + IVec3::new(x, y, 1)).to_array();
                    let first = self.cells.partition_point(|(cell, _)| *cell < from);
                    for &(cell, b) in &self.cells[first..] {
                        if to < cell {
                            break;
                        }
                        let other = &bodies[b as usize];
                        let reach_m = body.radius_m() + other.radius_m() + KEPT_M;
                        if a < b && body.position_m.distance(other.position_m) < reach_m {
                            self.pairs.push((a, b));
                        }
                    }
                }
            }
        }
        self.pairs.sort_unstable();
    }
}

/// Finds where two boxes are within `reach_m` of each other.
pub(super) fn touch(
    one: &Body,
    other: &Body,
    names: (u32, u32),
    reach_m: f64,
    contacts: &mut Vec<Contact>,
) {
    let apart_m = other.position_m - one.position_m;
    if one.radius_m() + other.radius_m() + reach_m < apart_m.length() {
        return;
    }
    // The shapes are rounded to 32 bits relative to the first box, which loses a tenth of a
    // micrometre.
    let into = one.rotation.inverse();
    let pose = Pose::from_parts(
        (into * apart_m).as_vec3(),
        (into * other.rotation).as_quat(),
    );
    let mut manifold = ContactManifold::<(), ()>::new();
    contact_manifold_cuboid_cuboid(
        &pose,
        &Cuboid::new(one.half_m.as_vec3()),
        &Cuboid::new(other.half_m.as_vec3()),
        reach_m as f32,
        &mut manifold,
    );
    let turned = |rotation: DQuat, v: Vec3| rotation * v.as_dvec3();
    // From the first box to the second; a contact's normal points at the first.
    let normal = -turned(one.rotation, manifold.local_n1);
    let grip = Grip {
        friction: MACHINE_FRICTION,
        restitution: MACHINE_RESTITUTION,
    };
    for point in &manifold.points {
        let gap_m = f64::from(point.dist);
        if reach_m < gap_m {
            continue;
        }
        let feature = u64::from(point.fid1.0) << 32 | u64::from(point.fid2.0);
        contacts.push(Contact::new(
            names,
            feature,
            (
                turned(one.rotation, point.local_p1),
                turned(other.rotation, point.local_p2),
            ),
            normal,
            gap_m,
            grip,
        ));
    }
}
