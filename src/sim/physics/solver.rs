//! Impulses at contacts.
//!
//! Sequential impulses over islands of bodies that touch each other: each contact in turn is given
//! the impulse that lets its surfaces neither meet before the end of the step nor slide against
//! less than the cone of friction, until all agree.
//!
//! Blows follow Poisson's hypothesis: first everything is solved as if nothing bounced, then the
//! change of velocity is taken once more, times the restitution. Energy is a parabola along that
//! line, and friction and gaps put its lowest point beyond the plastic solution, so that with a
//! restitution of at most one no blow gains energy (compare Glocker and Pfeiffer 1995).

use bevy::math::{DMat3, DQuat, DVec3};
use serde::{Deserialize, Serialize};

use super::lone::{self, Lone};
use super::{
    Body, Grip, RECOVERY_SHARE, SLOP_M, State, TOUCH_M, inertia_in_world, rest_speed_m_s,
    through_axes,
};

/// In place of the second body: the ground.
pub(super) const NOBODY: u32 = u32::MAX;
/// Rounds over the contacts of an island of several bodies.
const ROUNDS_CROWDED: usize = 150;
/// Rounds in which overlap is undone.
const ROUNDS_RECOVERY: usize = 6;
/// Rounds end when no velocity changes by more than this part of what weight gives in a step, or of
/// the greatest speed that came to the contacts.
const AGREED: f64 = 3e-3;

/// Two surfaces that touch or are about to.
#[derive(Clone, Debug)]
pub(super) struct Contact {
    pub a: u32,
    /// [`NOBODY`] for the ground.
    pub b: u32,
    feature: u64,
    pub arm_a_m: DVec3,
    pub arm_b_m: DVec3,
    /// The normal, towards `a`, and two directions across.
    pub ways: [DVec3; 3],
    gap_m: f64,
    pub grip: Grip,
    island: u32,
    /// Along its ways.
    pub impulse: [f64; 3],
    /// Speed along the normal that is the least allowed.
    pub target_m_s: f64,
    blow: bool,
}

/// A contact in one of its directions.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    direction: DVec3,
    turn_a: DVec3,
    turn_b: DVec3,
    gain_a: DVec3,
    gain_b: DVec3,
    mass_kg: f64,
}

/// The impulse of a contact in the last step [N s], along world axes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Warm {
    pub a: u32,
    pub b: u32,
    feature: u64,
    impulse: DVec3,
}

/// What the solver found for a body.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    pub velocity_m_s: DVec3,
    pub angular_velocity_rad_s: DVec3,
    /// Displacement per time that undoes overlap, and is no velocity.
    pub recovery_m_s: DVec3,
    pub recovery_rad_s: DVec3,
    /// Some contact pushed.
    pub pushed: bool,
    pub touching: bool,
    pub overlaps: bool,
    /// The lowest number of those that it is linked to.
    pub island: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Mover {
    velocity: DVec3,
    turn: DVec3,
    inverse_mass: f64,
    inverse_inertia: DMat3,
    mass_kg: f64,
    rotation: DQuat,
    principal_kg_m2: DVec3,
    island: u32,
    /// Before contact.
    came_with: (DVec3, DVec3),
}

/// The solver's memory.
#[derive(Default)]
pub(super) struct Solver {
    movers: Vec<Mover>,
    outcomes: Vec<Outcome>,
    /// Of the contacts of the island at hand.
    rows: Vec<[Row; 3]>,
    recoveries: Vec<f64>,
    lone: lone::Scratch,
}

impl Contact {
    pub(super) fn new(
        (a, b): (u32, u32),
        feature: u64,
        (arm_a_m, arm_b_m): (DVec3, DVec3),
        normal: DVec3,
        gap_m: f64,
        grip: Grip,
    ) -> Self {
        let (one, two) = normal.any_orthonormal_pair();
        Self {
            a,
            b,
            feature,
            arm_a_m,
            arm_b_m,
            ways: [normal, one, two],
            gap_m,
            grip,
            island: 0,
            impulse: [0.0; 3],
            target_m_s: 0.0,
            blow: false,
        }
    }

    /// How fast two boxes close in here.
    pub(super) fn approach_m_s(&self, one: &Body, other: &Body) -> f64 {
        let at = |body: &Body, arm_m: DVec3| {
            body.velocity_m_s + body.angular_velocity_rad_s.cross(arm_m)
        };
        -(at(one, self.arm_a_m) - at(other, self.arm_b_m)).dot(self.ways[0])
    }

    /// Sets what it aims at, of the speed along its normal that comes to it. Returns whether that
    /// is a blow.
    fn aim(&mut self, speed_m_s: f64, tick_s: f64, blow_m_s: f64) -> bool {
        self.blow = speed_m_s < -blow_m_s && self.gap_m + speed_m_s * tick_s < 0.0;
        self.target_m_s = if self.blow {
            0.0
        } else {
            -self.gap_m.max(0.0) / tick_s
        };
        self.blow
    }

    /// Takes up the impulse of the last step.
    fn start_from(&mut self, warm: &[Warm]) {
        let name = (self.a, self.b, self.feature);
        if let Ok(at) = warm.binary_search_by_key(&name, |warm| (warm.a, warm.b, warm.feature)) {
            let along = self.ways.map(|way| way.dot(warm[at].impulse));
            self.impulse = [along[0].max(0.0), along[1], along[2]];
            limit_friction(self);
        }
    }
}

impl Row {
    fn new(direction: DVec3, contact: &Contact, a: &Mover, b: &Mover) -> Self {
        let turn_a = contact.arm_a_m.cross(direction);
        let gain_a = a.inverse_inertia * turn_a;
        let mut resistance = a.inverse_mass + turn_a.dot(gain_a);
        let (mut turn_b, mut gain_b) = (DVec3::ZERO, DVec3::ZERO);
        if contact.b != NOBODY {
            turn_b = contact.arm_b_m.cross(direction);
            gain_b = b.inverse_inertia * turn_b;
            resistance += b.inverse_mass + turn_b.dot(gain_b);
        }
        Self {
            direction,
            turn_a,
            turn_b,
            gain_a,
            gain_b,
            mass_kg: resistance.max(1e-300).recip(),
        }
    }

    fn speed(&self, a: &Mover, b: &Mover) -> f64 {
        self.direction.dot(a.velocity - b.velocity) + self.turn_a.dot(a.turn)
            - self.turn_b.dot(b.turn)
    }
}

impl Solver {
    pub(super) fn outcome(&self, body: usize) -> &Outcome {
        &self.outcomes[body]
    }

    /// Solves all contacts. `warm` are the impulses of the last step, sorted.
    pub(super) fn solve(
        &mut self,
        bodies: &[Body],
        contacts: &mut [Contact],
        warm: &[Warm],
        weights_m_s2: &[f64],
        tick_s: f64,
        recovery_m_s: f64,
    ) {
        self.prepare(bodies, contacts);
        self.part_into_islands(contacts);
        let order = |contact: &Contact| (contact.island, contact.a, contact.b, contact.feature);
        if !contacts.is_sorted_by_key(order) {
            contacts.sort_by_key(order);
        }
        let mut rest = contacts;
        while let Some(first) = rest.first() {
            let island = first.island;
            let count = rest.partition_point(|contact| contact.island == island);
            let (these, others) = rest.split_at_mut(count);
            self.solve_island(these, warm, weights_m_s2, tick_s, recovery_m_s);
            rest = others;
        }
    }

    /// Impulses for the next step to start from.
    pub(super) fn keep_warm(&self, contacts: &[Contact], warm: &mut Vec<Warm>) {
        warm.clear();
        warm.extend(
            contacts
                .iter()
                .filter(|contact| 0.0 < contact.impulse[0])
                .map(|contact| {
                    let ways = contact.ways;
                    Warm {
                        a: contact.a,
                        b: contact.b,
                        feature: contact.feature,
                        impulse: (0..3).map(|row| ways[row] * contact.impulse[row]).sum(),
                    }
                }),
        );
        warm.sort_by_key(|warm| (warm.a, warm.b, warm.feature));
    }

    /// Gets ready what may be touched; the others are left as if nothing could move them.
    fn prepare(&mut self, bodies: &[Body], contacts: &[Contact]) {
        self.movers.clear();
        self.outcomes.clear();
        self.outcomes.resize(bodies.len(), Outcome::default());
        self.movers
            .extend((0..bodies.len() as u32).map(|island| Mover {
                island,
                ..Mover::default()
            }));
        for index in contacts.iter().flat_map(|contact| [contact.a, contact.b]) {
            let Some(body) = bodies.get(index as usize) else {
                continue;
            };
            let mover = &mut self.movers[index as usize];
            if body.state != State::Moving || 0.0 < mover.inverse_mass {
                continue;
            }
            let principal = body.inertia_kg_m2();
            *mover = Mover {
                velocity: body.velocity_m_s,
                turn: body.angular_velocity_rad_s,
                inverse_mass: body.mass_kg.recip(),
                inverse_inertia: inertia_in_world(body.rotation, principal.recip()),
                mass_kg: body.mass_kg,
                rotation: body.rotation,
                principal_kg_m2: principal,
                island: index,
                came_with: (body.velocity_m_s, body.angular_velocity_rad_s),
            };
        }
        // In place of the ground.
        self.movers.push(Mover::default());
    }

    fn slot(&self, body: u32) -> usize {
        (body as usize).min(self.movers.len() - 1)
    }

    /// Names each contact by the lowest of the moving bodies that it is linked to.
    fn part_into_islands(&mut self, contacts: &mut [Contact]) {
        fn root(movers: &mut [Mover], mut of: u32) -> u32 {
            while movers[of as usize].island != of {
                let above = movers[of as usize].island;
                movers[of as usize].island = movers[above as usize].island;
                of = above;
            }
            of
        }
        let moves = |movers: &[Mover], body: u32| {
            body != NOBODY && 0.0 < movers[body as usize].inverse_mass
        };
        for contact in contacts.iter() {
            if moves(&self.movers, contact.a) && moves(&self.movers, contact.b) {
                let (a, b) = (
                    root(&mut self.movers, contact.a),
                    root(&mut self.movers, contact.b),
                );
                self.movers[a.max(b) as usize].island = a.min(b);
            }
        }
        for contact in contacts {
            let mover = if moves(&self.movers, contact.a) {
                contact.a
            } else {
                contact.b
            };
            contact.island = root(&mut self.movers, mover);
        }
    }

    fn solve_island(
        &mut self,
        contacts: &mut [Contact],
        warm: &[Warm],
        weights_m_s2: &[f64],
        tick_s: f64,
        recovery_m_s: f64,
    ) {
        let weight_of = |body: u32| weights_m_s2.get(body as usize).copied().unwrap_or(0.0);
        let weight_m_s2 = contacts
            .iter()
            .map(|contact| weight_of(contact.a).max(weight_of(contact.b)))
            .fold(0.0, f64::max);
        let blow_m_s = 2.0 * weight_m_s2 * tick_s + rest_speed_m_s(weight_m_s2);
        let crowded = contacts.iter().any(|contact| {
            let moves = |body: u32| 0.0 < self.movers[self.slot(body)].inverse_mass;
            moves(contact.a) && moves(contact.b)
        });
        let agreed_m_s = AGREED * weight_m_s2 * tick_s;
        let blows = if crowded {
            self.agree_in_a_crowd(contacts, warm, tick_s, blow_m_s, agreed_m_s)
        } else {
            self.agree_alone(contacts, warm, tick_s, blow_m_s, agreed_m_s)
        };
        self.clamp_energy(contacts);
        for contact in contacts.iter() {
            for body in [contact.a, contact.b] {
                if let Some(outcome) = self.outcomes.get_mut(body as usize) {
                    outcome.pushed |= contact.impulse[0] != 0.0 || contact.gap_m < -SLOP_M;
                }
            }
        }
        if blows {
            self.throw_back(contacts);
        }
        self.recover(contacts, tick_s, recovery_m_s);
        for contact in contacts.iter() {
            for body in [contact.a, contact.b] {
                let Some(outcome) = self.outcomes.get_mut(body as usize) else {
                    continue;
                };
                let mover = &self.movers[body as usize];
                outcome.velocity_m_s = mover.velocity;
                outcome.angular_velocity_rad_s = mover.turn;
                outcome.island = contact.island;
                outcome.touching |= contact.gap_m < TOUCH_M;
                outcome.overlaps |= contact.gap_m < -3.0 * SLOP_M;
            }
        }
    }

    fn push(&mut self, contact: &Contact, row: &Row, impulse: f64) {
        let a = &mut self.movers[contact.a as usize];
        a.velocity += row.direction * (impulse * a.inverse_mass);
        a.turn += row.gain_a * impulse;
        if contact.b != NOBODY {
            let b = &mut self.movers[contact.b as usize];
            b.velocity -= row.direction * (impulse * b.inverse_mass);
            b.turn -= row.gain_b * impulse;
        }
    }

    /// Impulses of one body against what stands still. Returns whether there were blows.
    fn agree_alone(
        &mut self,
        contacts: &mut [Contact],
        warm: &[Warm],
        tick_s: f64,
        blow_m_s: f64,
        agreed_m_s: f64,
    ) -> bool {
        let first = &contacts[0];
        let of = if 0.0 < self.movers[first.a as usize].inverse_mass {
            first.a
        } else {
            first.b
        };
        let mover = &mut self.movers[of as usize];
        let mut body = Lone::new(
            DMat3::from_quat(mover.rotation),
            mover.mass_kg,
            mover.principal_kg_m2,
            mover.velocity,
            mover.turn,
        );
        body.meet(contacts, of, &mut self.lone);
        let mut blows = false;
        let mut fastest_m_s = 0.0f64;
        for (contact, speed_m_s) in contacts.iter_mut().zip(body.approaches(&self.lone)) {
            blows |= contact.aim(speed_m_s, tick_s, blow_m_s);
            fastest_m_s = fastest_m_s.max(speed_m_s.abs());
        }
        if !blows {
            for contact in contacts.iter_mut() {
                contact.start_from(warm);
            }
        }
        body.agree(contacts, &self.lone, agreed_m_s.max(AGREED * fastest_m_s));
        (mover.velocity, mover.turn) = body.motion();
        blows
    }

    /// Impulses of bodies that touch each other. Returns whether there were blows.
    fn agree_in_a_crowd(
        &mut self,
        contacts: &mut [Contact],
        warm: &[Warm],
        tick_s: f64,
        blow_m_s: f64,
        agreed_m_s: f64,
    ) -> bool {
        let mut rows = std::mem::take(&mut self.rows);
        rows.clear();
        let mut blows = false;
        let mut fastest_m_s = 0.0f64;
        for contact in contacts.iter_mut() {
            let (a, b) = (
                &self.movers[self.slot(contact.a)],
                &self.movers[self.slot(contact.b)],
            );
            let these = contact.ways.map(|way| Row::new(way, contact, a, b));
            let speed_m_s = these[0].speed(a, b);
            blows |= contact.aim(speed_m_s, tick_s, blow_m_s);
            fastest_m_s = fastest_m_s.max(speed_m_s.abs());
            rows.push(these);
        }
        if !blows {
            for (contact, rows) in contacts.iter_mut().zip(&rows) {
                contact.start_from(warm);
                for (row, impulse) in rows.iter().zip(contact.impulse) {
                    if impulse != 0.0 {
                        self.push(contact, row, impulse);
                    }
                }
            }
        }
        let agreed_m_s = agreed_m_s.max(AGREED * fastest_m_s);
        for round in 0..ROUNDS_CROWDED {
            // To and fro, so that impulses travel up and down a stack alike.
            let pairs = contacts.iter_mut().zip(&rows);
            let change_m_s = if round % 2 == 0 {
                self.round(pairs)
            } else {
                self.round(pairs.rev())
            };
            if change_m_s < agreed_m_s {
                break;
            }
        }
        self.rows = rows;
        blows
    }

    /// One round over all contacts; returns the largest change of velocity that it made.
    #[expect(
        clippy::needless_range_loop,
        reason = "a row counts in three arrays at once"
    )]
    fn round<'a>(
        &mut self,
        contacts: impl Iterator<Item = (&'a mut Contact, &'a [Row; 3])>,
    ) -> f64 {
        let mut largest = 0.0f64;
        for (contact, rows) in contacts {
            let (a, b) = (contact.a as usize, self.slot(contact.b));
            let before = contact.impulse;
            // What does not press does not rub.
            if before[0] != 0.0 {
                for row in 1..3 {
                    let speed = rows[row].speed(&self.movers[a], &self.movers[b]);
                    contact.impulse[row] -= speed * rows[row].mass_kg;
                }
                limit_friction(contact);
                for row in 1..3 {
                    let change = contact.impulse[row] - before[row];
                    if change != 0.0 {
                        self.push(contact, &rows[row], change);
                        largest = largest.max(change.abs() / rows[row].mass_kg);
                    }
                }
            }
            let speed = rows[0].speed(&self.movers[a], &self.movers[b]);
            let wanted = before[0] + (contact.target_m_s - speed) * rows[0].mass_kg;
            contact.impulse[0] = wanted.max(0.0);
            let change = contact.impulse[0] - before[0];
            if change != 0.0 {
                self.push(contact, &rows[0], change);
                largest = largest.max(change.abs() / rows[0].mass_kg);
            }
        }
        largest
    }

    /// Twice the kinetic energy of the bodies of an island, now and before contact.
    fn energies(&self, contacts: &[Contact]) -> (f64, f64) {
        let (mut now, mut before) = (0.0, 0.0);
        self.for_bodies(contacts, |mover| {
            let of = |velocity: DVec3, turn: DVec3| {
                let spun = through_axes(mover.rotation, mover.principal_kg_m2, turn);
                mover.mass_kg * velocity.length_squared() + turn.dot(spun)
            };
            now += of(mover.velocity, mover.turn);
            before += of(mover.came_with.0, mover.came_with.1);
        });
        (now, before)
    }

    /// Calls `with` once for each moving body of an island.
    fn for_bodies(&self, contacts: &[Contact], mut with: impl FnMut(&Mover)) {
        for_names(contacts, |body| {
            let mover = &self.movers[body as usize];
            if 0.0 < mover.inverse_mass {
                with(mover);
            }
        });
    }

    /// Holds the energy of an island to what it had before contact: rounds that end early can leave
    /// a little too much.
    fn clamp_energy(&mut self, contacts: &[Contact]) {
        let (now, before) = self.energies(contacts);
        if now <= before {
            return;
        }
        let share = (before / now).sqrt();
        let movers = &mut self.movers;
        for_names(contacts, |body| {
            let mover = &mut movers[body as usize];
            mover.velocity *= share;
            mover.turn *= share;
        });
    }

    /// Gives back what blows return.
    fn throw_back(&mut self, contacts: &mut [Contact]) {
        let (mut sum, mut weighted) = (0.0, 0.0);
        for contact in contacts.iter().filter(|contact| contact.blow) {
            sum += contact.impulse[0];
            weighted += contact.impulse[0] * contact.grip.restitution;
        }
        if sum <= 0.0 {
            return;
        }
        let restitution = weighted / sum;
        let movers = &mut self.movers;
        for_names(contacts, |body| {
            let mover = &mut movers[body as usize];
            let (velocity, turn) = mover.came_with;
            mover.velocity += restitution * (mover.velocity - velocity);
            mover.turn += restitution * (mover.turn - turn);
        });
        self.clamp_energy(contacts);
        // The impulses of a blow are no start for the step after it.
        for contact in contacts {
            contact.impulse = [0.0; 3];
        }
    }

    /// Displacements that undo overlap.
    fn recover(&mut self, contacts: &[Contact], tick_s: f64, recovery_m_s: f64) {
        if contacts.iter().all(|contact| -SLOP_M <= contact.gap_m) {
            return;
        }
        let rows: Vec<Row> = contacts
            .iter()
            .map(|contact| {
                let (a, b) = (self.slot(contact.a), self.slot(contact.b));
                Row::new(contact.ways[0], contact, &self.movers[a], &self.movers[b])
            })
            .collect();
        let mut impulses = std::mem::take(&mut self.recoveries);
        impulses.clear();
        impulses.resize(contacts.len(), 0.0);
        for _ in 0..ROUNDS_RECOVERY {
            for ((contact, row), impulse) in contacts.iter().zip(&rows).zip(&mut impulses) {
                let overlap_m = -contact.gap_m - SLOP_M;
                let target = if 0.0 < overlap_m {
                    (RECOVERY_SHARE * overlap_m / tick_s).min(recovery_m_s)
                } else {
                    // What is clear may close up, and no more.
                    (-contact.gap_m / tick_s).min(0.0)
                };
                let of = |body: u32| {
                    self.outcomes
                        .get(body as usize)
                        .map_or((DVec3::ZERO, DVec3::ZERO), |outcome| {
                            (outcome.recovery_m_s, outcome.recovery_rad_s)
                        })
                };
                let ((va, wa), (vb, wb)) = (of(contact.a), of(contact.b));
                let speed = row.direction.dot(va - vb) + row.turn_a.dot(wa) - row.turn_b.dot(wb);
                let wanted = (*impulse + (target - speed) * row.mass_kg).max(0.0);
                let change = wanted - *impulse;
                *impulse = wanted;
                if change == 0.0 {
                    continue;
                }
                let inverse_mass = self.movers[contact.a as usize].inverse_mass;
                let outcome = &mut self.outcomes[contact.a as usize];
                outcome.recovery_m_s += row.direction * (change * inverse_mass);
                outcome.recovery_rad_s += row.gain_a * change;
                if contact.b != NOBODY {
                    let inverse_mass = self.movers[contact.b as usize].inverse_mass;
                    let outcome = &mut self.outcomes[contact.b as usize];
                    outcome.recovery_m_s -= row.direction * (change * inverse_mass);
                    outcome.recovery_rad_s -= row.gain_b * change;
                }
            }
        }
        self.recoveries = impulses;
    }
}

/// Calls `with` once for each body of an island. The contacts are sorted by their bodies.
fn for_names(contacts: &[Contact], mut with: impl FnMut(u32)) {
    let first = &contacts[0];
    let alone = contacts
        .iter()
        .all(|contact| contact.a == first.a && contact.b == NOBODY);
    if alone {
        with(first.a);
        return;
    }
    let mut names: Vec<u32> = contacts
        .iter()
        .flat_map(|contact| [contact.a, contact.b])
        .filter(|&body| body != NOBODY)
        .collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().for_each(&mut with);
}

/// Keeps friction within its cone.
pub(super) fn limit_friction(contact: &mut Contact) {
    let most = contact.grip.friction * contact.impulse[0];
    let [_, one, two] = contact.impulse;
    let length2 = one * one + two * two;
    if most * most < length2 {
        let share = most / length2.sqrt();
        contact.impulse[1] *= share;
        contact.impulse[2] *= share;
    }
}
