//! Laws of contact and of free motion on a plain under any weight.

use proptest::prelude::*;

use super::*;
use crate::sim::asteroid::surface::{SAMPLES, padded_voxels, voxel_centre_m};
use std::sync::Arc;

/// A plain at y = 0 under a constant weight.
struct Plain {
    weight_m_s2: f64,
    grip: Grip,
    spin_rad_per_s: DVec3,
    /// The plain is tilted by this against the weight.
    slope_rad: f64,
}

const FINES: Grip = Grip {
    friction: 0.5,
    restitution: 0.15,
};
const ROCK: Grip = Grip {
    friction: 0.5,
    restitution: 0.7,
};
const BENNU_M_S2: f64 = 6e-5;
const MOON_M_S2: f64 = 1.62;
const SIZE_M: Vec3 = Vec3::new(1.2, 0.8, 1.4);
const TICK_S: f64 = 0.1;

impl Plain {
    fn new(weight_m_s2: f64, grip: Grip) -> Self {
        Self {
            weight_m_s2,
            grip,
            spin_rad_per_s: DVec3::ZERO,
            slope_rad: 0.0,
        }
    }
}

impl Surroundings for Plain {
    fn acceleration_m_s2(&self, _: DVec3, _: DVec3, _: &mut GravityCell) -> DVec3 {
        let (sin, cos) = self.slope_rad.sin_cos();
        self.weight_m_s2 * DVec3::new(sin, -cos, 0.0)
    }

    fn spin_rad_per_s(&self) -> DVec3 {
        self.spin_rad_per_s
    }

    fn escape_speed_m_s(&self) -> f64 {
        0.2
    }

    fn clearance_m(&self, at_m: DVec3) -> f64 {
        at_m.y
    }

    fn field(&self, key: ChunkKey) -> Field {
        match key.y {
            -1 | 0 => {
                let mut samples = [0.0; SAMPLES];
                for (sample, voxel) in samples.iter_mut().zip(padded_voxels()) {
                    *sample = voxel_centre_m(key, voxel).y as f32;
                }
                Field::Samples(Arc::new(samples))
            }
            y if y < 0 => Field::Solid,
            _ => Field::Void,
        }
    }

    fn grip(&self, _: DVec3) -> Grip {
        self.grip
    }
}

fn energy_j(physics: &Physics, weight_m_s2: f64) -> f64 {
    physics
        .bodies
        .iter()
        .map(|body| {
            let turn = body.angular_velocity_rad_s;
            let inertia = inertia_in_world(body.rotation, body.inertia_kg_m2());
            0.5 * body.mass_kg * body.velocity_m_s.length_squared()
                + 0.5 * turn.dot(inertia * turn)
                + body.mass_kg * weight_m_s2 * body.position_m.y
        })
        .sum()
}

fn run(physics: &mut Physics, plain: &Plain, seconds: f64) {
    for _ in 0..(seconds / TICK_S).round() as u64 {
        physics.step(plain, TICK_S);
    }
}

#[test]
fn a_bounce_returns_the_restitution_of_the_ground() {
    for grip in [FINES, ROCK] {
        for tilt in [0.0, 1.1] {
            let plain = Plain::new(BENNU_M_S2, grip);
            let mut physics = Physics::default();
            let turned = Quat::from_rotation_y(tilt);
            let robot = physics.add_robot(Vec3::Y * 0.6, turned, SIZE_M, 80.0);
            physics.set_velocity(robot, Vec3::new(0.0, -0.1, 0.0));
            run(&mut physics, &plain, 4.0);
            let (_, velocity) = physics.place_and_velocity(robot);
            assert!(
                (velocity.y / 0.1 - grip.restitution).abs() < 0.02,
                "{grip:?} at {tilt} returns {velocity}"
            );
        }
    }
}

/// Kept awake, so that no sleep hides a creep: friction holds a slope up to its angle and lets a
/// steeper one go by what it cannot hold, at every length of ticks.
#[test]
fn a_slope_is_held_up_to_the_angle_of_friction_and_slid_beyond_it() {
    for weight_m_s2 in [1e-6, BENNU_M_S2, 5e-3, MOON_M_S2] {
        for tick_s in [0.02, 0.1, 0.25] {
            for slope_deg in [10.0f64, 20.0, 25.0, 30.0, 35.0] {
                let plain = Plain {
                    slope_rad: slope_deg.to_radians(),
                    ..Plain::new(weight_m_s2, FINES)
                };
                let mut physics = Physics::default();
                let turned = Quat::from_rotation_y(0.4);
                let robot = physics.add_robot(Vec3::Y * 0.4, turned, SIZE_M, 80.0);
                let mut stood_m = DVec3::ZERO;
                let steps = 400;
                for step in 0..steps {
                    physics.wake(robot);
                    physics.step(&plain, tick_s);
                    if step == 100 {
                        // It has found its footing.
                        stood_m = physics.place_and_velocity(robot).0;
                    }
                }
                let (to_m, velocity) = physics.place_and_velocity(robot);
                let (sin, cos) = plain.slope_rad.sin_cos();
                let pull_m_s2 = weight_m_s2 * (sin - FINES.friction * cos).max(0.0);
                let expected_m_s = pull_m_s2 * tick_s * f64::from(steps);
                let off_m_s = (velocity - expected_m_s * DVec3::X).length();
                let case = format!("{slope_deg}° under {weight_m_s2} m/s² at {tick_s} s");
                if pull_m_s2 == 0.0 {
                    assert_eq!(velocity, DVec3::ZERO, "{case}");
                    assert!(to_m.distance(stood_m) < 5e-4, "{case}: {to_m} {stood_m}");
                } else {
                    assert!(off_m_s < 0.01 * expected_m_s, "{case}: {velocity}");
                }
            }
        }
    }
}

#[test]
fn what_starts_deep_in_the_ground_is_let_out_without_gaining_energy() {
    for depth_m in [0.3, 0.9, 3.0] {
        let plain = Plain::new(BENNU_M_S2, FINES);
        let mut physics = Physics::default();
        let tilted = Quat::from_euler(EulerRot::XYZ, 0.4, 0.2, -0.3);
        let robot = physics.add_robot(Vec3::Y * -depth_m, tilted, SIZE_M, 80.0);
        // Falls on the way out may be no deeper than the box is long.
        let limit_m_s = (2.0 * BENNU_M_S2 * 1.4f64).sqrt();
        for _ in 0..40_000 {
            physics.step(&plain, TICK_S);
            let speed = physics.body(robot).speed_m_s();
            assert!(speed < limit_m_s, "{speed} m/s from {depth_m} m");
        }
        let body = physics.body(robot);
        assert_eq!(body.state, State::Resting, "{body:?}");
        let least_m = body.points_m().map(|c| c.y).into_iter().fold(9.0, f64::min);
        assert!((-0.01..0.01).contains(&least_m), "{least_m} m");
    }
}

#[test]
fn a_stack_stands_and_a_heap_settles() {
    for weight_m_s2 in [1e-6, BENNU_M_S2, MOON_M_S2] {
        let plain = Plain::new(weight_m_s2, FINES);
        let mut physics = Physics::default();
        for layer in 0..4 {
            let at_m = Vec3::new(0.02 * layer as f32, 0.401 + 0.801 * layer as f32, 0.0);
            physics.add_robot(at_m, Quat::IDENTITY, SIZE_M, 80.0);
        }
        let before = energy_j(&physics, weight_m_s2);
        let settled = (0..60_000).any(|_| {
            physics.step(&plain, TICK_S);
            !physics.is_stirring()
        });
        assert!(
            settled,
            "a stack under {weight_m_s2} m/s² never comes to rest"
        );
        assert!(energy_j(&physics, weight_m_s2) <= before);
        for (layer, body) in physics.bodies.iter().enumerate() {
            let height_m = 0.4 + 0.8 * layer as f64;
            let off_m = body.position_m - DVec3::new(0.02 * layer as f64, height_m, 0.0);
            assert!(
                off_m.length() < 0.01,
                "{off_m} m off in layer {layer} under {weight_m_s2} m/s²"
            );
        }
    }
}

#[test]
fn nothing_sleeps_in_the_air_however_slow_its_fall() {
    let plain = Plain::new(1e-8, FINES);
    let mut physics = Physics::default();
    let robot = physics.add_robot(Vec3::Y * 3.0, Quat::IDENTITY, SIZE_M, 80.0);
    run(&mut physics, &plain, 3_600.0);
    assert!(physics.is_moving(robot));
    let (place_m, _) = physics.place_and_velocity(robot);
    let fallen_m = 0.5 * 1e-8 * 3_600f64.powi(2);
    assert!((3.0 - place_m.y - fallen_m).abs() < 1e-6, "{place_m}");
}

#[test]
fn a_chassis_in_flight_keeps_its_angular_momentum_and_energy() {
    let spin = DVec3::new(1e-3, 2e-3, 4e-3);
    let plain = Plain {
        spin_rad_per_s: spin,
        ..Plain::new(0.0, FINES)
    };
    let mut physics = Physics::default();
    let robot = physics.add_robot(Vec3::Y * 50.0, Quat::IDENTITY, SIZE_M, 80.0);
    // About the middle axis, with a little of the others: it tumbles.
    physics.set_angular_velocity(robot, Vec3::new(0.05, 0.001, 0.002));
    let state = |physics: &Physics, elapsed_s: f64| {
        let body = physics.body(robot);
        let inertia = inertia_in_world(body.rotation, body.inertia_kg_m2());
        let turn = body.angular_velocity_rad_s + spin;
        // Back into the frame that does not turn.
        let out = DQuat::from_scaled_axis(elapsed_s * spin);
        (out * (inertia * turn), 0.5 * turn.dot(inertia * turn))
    };
    let (momentum, energy) = state(&physics, 0.0);
    let seconds = 3_600.0;
    run(&mut physics, &plain, seconds);
    let (after, energy_after) = state(&physics, seconds);
    assert!((after - momentum).length() < 1e-9 * momentum.length());
    assert!(
        (energy_after / energy - 1.0).abs() < 1e-5,
        "{energy_after} {energy}"
    );
    let turned = physics.body(robot).rotation.to_scaled_axis().length();
    assert!(0.01 < turned);
}

#[test]
fn two_that_collide_in_space_keep_their_momentum() {
    let plain = Plain::new(0.0, FINES);
    let mut physics = Physics::default();
    let one = physics.add_robot(Vec3::new(0.0, 50.0, 0.0), Quat::IDENTITY, SIZE_M, 80.0);
    let tilted = Quat::from_euler(EulerRot::XYZ, 0.3, 0.5, 0.1);
    let other = physics.add_robot(Vec3::new(2.0, 50.3, 0.2), tilted, SIZE_M, 40.0);
    physics.set_velocity(one, Vec3::new(0.1, 0.0, 0.0));
    let before = energy_j(&physics, 0.0);
    run(&mut physics, &plain, 60.0);
    let velocity = |handle| physics.place_and_velocity(handle).1;
    let momentum = 80.0 * velocity(one) + 40.0 * velocity(other);
    assert!((momentum - DVec3::X * 8.0).length() < 1e-6, "{momentum}");
    assert!(0.01 < velocity(other).length());
    assert!(energy_j(&physics, 0.0) < before);
    let spin = |handle: BodyHandle| {
        let body = physics.body(handle);
        inertia_in_world(body.rotation, body.inertia_kg_m2()) * body.angular_velocity_rad_s
            + body.mass_kg * body.position_m.cross(body.velocity_m_s)
    };
    let about = spin(one) + spin(other);
    let was = 80.0 * DVec3::new(0.0, 50.0, 0.0).cross(DVec3::X * f64::from(0.1f32));
    assert!(
        (about - was).length() < 1e-3 * was.length(),
        "{about} {was}"
    );
}

#[test]
fn a_held_robot_is_a_rock_to_others_and_falls_when_let_go() {
    let plain = Plain::new(BENNU_M_S2, FINES);
    let mut physics = Physics::default();
    let post = physics.add_robot(Vec3::Y * 5.0, Quat::IDENTITY, SIZE_M, 80.0);
    physics.hold(post);
    let thrown = physics.add_robot(Vec3::new(-3.0, 5.0, 0.0), Quat::IDENTITY, SIZE_M, 80.0);
    physics.set_velocity(thrown, Vec3::X * 0.2);
    run(&mut physics, &plain, 20.0);
    assert_eq!(physics.place_and_velocity(post).0, DVec3::Y * 5.0);
    assert!(physics.place_and_velocity(thrown).1.x < 0.0);
    physics.let_go(post);
    run(&mut physics, &plain, 20.0);
    assert!(physics.place_and_velocity(post).1.y < -1e-3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// However it hits, however long the tick and strong the weight: energy only falls.
    #[test]
    fn contact_makes_no_energy(
        turn in prop::array::uniform3(-3.0f32..3.0),
        velocity in prop::array::uniform3(-0.2f32..0.2),
        spin in prop::array::uniform3(-0.2f32..0.2),
        weight_m_s2 in prop::sample::select(vec![1e-6, BENNU_M_S2, 5e-3, MOON_M_S2]),
        tick_s in prop::sample::select(vec![0.02, 0.1, 0.25]),
        rock in any::<bool>(),
        many in 1usize..5,
    ) {
        let plain = Plain::new(weight_m_s2, if rock { ROCK } else { FINES });
        let mut physics = Physics::default();
        let [x, y, z] = turn;
        for i in 0..many {
            let at_m = Vec3::new(0.3 * i as f32, 1.2 + 1.9 * i as f32, -0.2 * i as f32);
            let robot = physics.add_robot(at_m, Quat::from_euler(EulerRot::XYZ, x, y, z), SIZE_M, 80.0);
            physics.set_velocity(robot, Vec3::from_array(velocity));
            physics.set_angular_velocity(robot, Vec3::from_array(spin));
        }
        let mut last = energy_j(&physics, weight_m_s2);
        // Per step: lifting out of the overlap that one step of a fall can make, and the half-step
        // by which heights and speeds are told apart.
        let mass_kg = 80.0 * many as f64;
        for step in 0..3_000 {
            physics.step(&plain, tick_s);
            let now = energy_j(&physics, weight_m_s2);
            let fastest = physics.bodies.iter().map(Body::speed_m_s).fold(0.0, f64::max);
            let slack = mass_kg * weight_m_s2 * tick_s * (fastest + weight_m_s2 * tick_s)
                + 1e-7 * last.abs();
            prop_assert!(now <= last + slack, "{now} J after {last} J at step {step}");
            last = now;
        }
    }
}
