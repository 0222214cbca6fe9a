//! What each form of robot is made of: fixed parts by paint, and the seats of its joints.
//!
//! A model is made at its own nominal size and scaled to the extents of the robot it stands for.
//! +Y is up, +Z ahead, the origin in the middle of the box.

use std::f32::consts::{FRAC_PI_2, PI, TAU};

use bevy::prelude::*;

use super::super::machines::Solids;
use super::Joint;
use crate::sim::observation::Outfit;

/// What kind of machine a robot looks like. It follows from what the robot can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Form {
    /// Bucket drums before a bin on four legs.
    Digger,
    /// A flat polygon of solar cells that hops.
    Scout,
    /// Jointed legs with claws for boulders.
    Gripper,
    /// A mast with an auger on three legs.
    Driller,
    /// A frame with a hold, tanks and thrusters at its corners.
    Hauler,
    /// A large tank on landing legs, an engine below.
    Tanker,
}

/// The material of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Paint {
    White,
    Foil,
    Metal,
    Dark,
    Lens,
    Cells,
    /// The owner's colour.
    Band,
    /// The ground itself: what a bin holds.
    Ground,
}

/// A form, ready to be spawned.
pub(super) struct Model {
    /// Extents for which the parts are made [m].
    pub size_m: Vec3,
    pub fixed: Vec<(Paint, Handle<Mesh>)>,
    pub joints: Vec<(Joint, Paint, Handle<Mesh>)>,
    pub light_at: Vec3,
    /// Where the plumes of the thrusters start, and their size beside the digger's.
    pub plume_at: Vec3,
    pub plume_scale: f32,
}

impl Form {
    pub const ALL: [Self; 6] = [
        Self::Digger,
        Self::Scout,
        Self::Gripper,
        Self::Driller,
        Self::Hauler,
        Self::Tanker,
    ];

    /// The form that fits what a robot is equipped with.
    pub fn of(outfit: &Outfit) -> Self {
        // A hold or tank beyond what a machine uses itself is what the machine is for.
        const LARGE_KG: f32 = 100.0;
        if outfit.drum {
            Self::Digger
        } else if outfit.claws {
            Self::Gripper
        } else if 0.0 < outfit.drill_depth_m {
            Self::Driller
        } else if LARGE_KG <= outfit.tank_capacity_kg {
            Self::Tanker
        } else if LARGE_KG <= outfit.bin_capacity_kg {
            Self::Hauler
        } else {
            Self::Scout
        }
    }

    pub fn model(self, meshes: &mut Assets<Mesh>) -> Model {
        match self {
            Self::Digger => digger(meshes),
            Self::Scout => scout(meshes),
            Self::Gripper => gripper(meshes),
            Self::Driller => driller(meshes),
            Self::Hauler => hauler(meshes),
            Self::Tanker => tanker(meshes),
        }
    }
}

fn at(x: f32, y: f32, z: f32) -> Transform {
    Transform::from_xyz(x, y, z)
}

fn lying() -> Quat {
    Quat::from_rotation_z(FRAC_PI_2)
}

fn cylinder(radius: f32, height: f32, sides: u32) -> Mesh {
    Cylinder::new(radius, height)
        .mesh()
        .resolution(sides)
        .build()
}

fn ball(radius: f32) -> Mesh {
    Sphere::new(radius).mesh().uv(20, 12)
}

/// A point at an angle about the vertical; angle 0 lies ahead.
fn around(angle: f32, radius: f32, y: f32) -> [f32; 3] {
    [radius * angle.sin(), y, radius * angle.cos()]
}

/// A nozzle that opens downwards.
fn nozzle(radius: f32, height: f32) -> ConicalFrustum {
    ConicalFrustum {
        radius_top: 0.4 * radius,
        radius_bottom: radius,
        height,
    }
}

/// A high-gain dish that looks up.
fn dish(radius: f32) -> ConicalFrustum {
    ConicalFrustum {
        radius_top: radius,
        radius_bottom: 0.15 * radius,
        height: 0.4 * radius,
    }
}

/// A solar wing along +X from its hinge, face along +Y: frame and cells.
fn wing(length: f32, width: f32, columns: usize, rows: usize) -> (Solids, Solids) {
    let mut frame = Solids::default();
    let start = 0.06;
    frame
        .block([length, 0.012, width], [start + 0.5 * length, 0.0, 0.0])
        .bar(0.014, [0.0, 0.0, 0.0], [start + 0.02, 0.0, 0.0]);
    let mut cells = Solids::default();
    let (pitch_x, pitch_z) = (length / columns as f32, width / rows as f32);
    for column in 0..columns {
        for row in 0..rows {
            cells.block(
                [0.93 * pitch_x, 0.006, 0.93 * pitch_z],
                [
                    start + (column as f32 + 0.5) * pitch_x,
                    0.008,
                    -0.5 * width + (row as f32 + 0.5) * pitch_z,
                ],
            );
        }
    }
    (frame, cells)
}

/// Both wings, seated at ±x of a height.
fn wings(
    meshes: &mut Assets<Mesh>,
    hinge: Vec3,
    (length, width): (f32, f32),
    (columns, rows): (usize, usize),
) -> Vec<(Joint, Paint, Handle<Mesh>)> {
    let (frame, cells) = wing(length, width, columns, rows);
    let (frame, cells) = (meshes.add(frame.mesh()), meshes.add(cells.mesh()));
    [-1.0, 1.0]
        .into_iter()
        .flat_map(|side| {
            let hinge = Vec3::new(side * hinge.x, hinge.y, hinge.z);
            [
                (Joint::Wing { hinge, side }, Paint::White, frame.clone()),
                (Joint::Wing { hinge, side }, Paint::Cells, cells.clone()),
            ]
        })
        .collect()
}

/// A screw anchor with its tip down.
fn screw(length: f32, radius: f32) -> Mesh {
    let mut screw = Solids::default();
    screw.bar(0.3 * radius, [0.0, 0.2 * length, 0.0], [0.0, -length, 0.0]);
    for turn in 0..14 {
        let share = turn as f32 / 14.0;
        let angle = share * 4.0 * TAU;
        screw.add(
            Cuboid::new(radius, 0.03 * length, 0.6 * radius),
            at(
                0.55 * radius * angle.cos(),
                -0.08 * length - 0.84 * length * share,
                0.55 * radius * angle.sin(),
            )
            .with_rotation(Quat::from_rotation_y(-angle)),
        );
    }
    screw.mesh()
}

/// Adds the fixed parts of one paint, if there are any.
fn fixed(
    meshes: &mut Assets<Mesh>,
    parts: impl IntoIterator<Item = (Paint, Solids)>,
) -> Vec<(Paint, Handle<Mesh>)> {
    parts
        .into_iter()
        .map(|(paint, solids)| (paint, meshes.add(solids.mesh())))
        .collect()
}

/// Broken ground that fills a bin: a low heap over a unit square, with y from 0 to 1.
fn heap() -> Mesh {
    let mut heap = Solids::default();
    heap.block([1.0, 0.8, 1.0], [0.0, 0.4, 0.0]);
    for lump in 0..26 {
        let (x, z) = (
            (lump as f32 * 0.618_034).fract() - 0.5,
            (lump as f32 * 0.754_877).fract() - 0.5,
        );
        let near = 1.0 - (x * x + z * z).sqrt();
        let size = 0.13 + 0.10 * (lump as f32 * 0.41).fract();
        heap.add(
            Cuboid::new(size, size * 1.4, size),
            Transform::from_xyz(0.86 * x, 0.62 + 0.32 * near, 0.86 * z).with_rotation(
                Quat::from_euler(EulerRot::XYZ, lump as f32, 1.7 * lump as f32, 0.4),
            ),
        );
    }
    heap.mesh()
}

fn digger(meshes: &mut Assets<Mesh>) -> Model {
    const FEET: [(f32, f32); 4] = [(-0.46, -0.52), (0.46, -0.52), (-0.46, 0.46), (0.46, 0.46)];
    const NOZZLES: [(f32, f32); 4] = [(-0.24, -0.30), (0.24, -0.30), (-0.24, 0.24), (0.24, 0.24)];
    let mut white = Solids::default();
    white
        .block([0.70, 0.035, 0.80], [0.0, 0.125, -0.03])
        .block([0.012, 0.17, 0.56], [-0.342, 0.0, -0.03])
        .block([0.012, 0.17, 0.56], [0.342, 0.0, -0.03])
        .block([0.13, 0.10, 0.11], [0.20, 0.375, 0.29]);
    white.add(
        dish(0.13),
        at(-0.24, 0.335, 0.24).with_rotation(Quat::from_rotation_x(-0.5)),
    );
    // Walls of the bin.
    white
        .block([0.52, 0.20, 0.018], [0.0, 0.24, -0.40])
        .block([0.52, 0.15, 0.018], [0.0, 0.215, 0.04])
        .block([0.018, 0.19, 0.44], [-0.26, 0.235, -0.18])
        .block([0.018, 0.19, 0.44], [0.26, 0.235, -0.18]);

    let mut foil = Solids::default();
    foil.block([0.66, 0.22, 0.76], [0.0, 0.0, -0.03])
        .block([0.46, 0.06, 0.52], [0.0, -0.135, -0.03]);

    let mut metal = Solids::default();
    for (x, z) in FEET {
        let inner = [x.signum() * 0.31, -0.02, z.signum() * 0.33 - 0.03];
        let knee = [x * 1.06, 0.03, z * 1.04];
        let foot = [x, -0.36, z];
        metal.bar(0.026, inner, knee).bar(0.021, knee, foot).bar(
            0.012,
            [x.signum() * 0.30, -0.10, z.signum() * 0.30 - 0.03],
            [x * 1.02, -0.14, z * 1.02],
        );
        metal.add(cylinder(0.105, 0.022, 18), at(x, -0.380, z));
        metal.add(ball(0.036), at(knee[0], knee[1], knee[2]));
    }
    // Masts of the camera, the dish and the light.
    metal
        .bar(0.016, [0.20, 0.13, 0.29], [0.20, 0.34, 0.29])
        .bar(0.010, [-0.24, 0.13, 0.24], [-0.24, 0.32, 0.24])
        .bar(0.009, [-0.29, 0.13, -0.36], [-0.29, 0.44, -0.36])
        .bar(0.020, [-0.36, 0.155, 0.0], [0.36, 0.155, 0.0]);

    let mut dark = Solids::default();
    for (x, z) in NOZZLES {
        dark.add(nozzle(0.058, 0.09), at(x, -0.20, z));
    }
    dark.block([0.48, 0.012, 0.40], [0.0, 0.150, -0.18])
        .block([0.20, 0.12, 0.014], [0.0, 0.01, 0.355]);

    let mut lens = Solids::default();
    for x in [0.165, 0.235] {
        lens.add(
            cylinder(0.026, 0.02, 14),
            at(x, 0.38, 0.352).with_rotation(Quat::from_rotation_x(FRAC_PI_2)),
        );
    }

    let mut band = Solids::default();
    band.block([0.006, 0.075, 0.36], [-0.351, 0.02, -0.03])
        .block([0.006, 0.075, 0.36], [0.351, 0.02, -0.03])
        .block([0.30, 0.10, 0.006], [0.0, 0.25, -0.412])
        .block([0.12, 0.006, 0.20], [-0.05, 0.1455, 0.25]);

    // Arm and drums turn about the origin of their own meshes.
    let mut arm = Solids::default();
    arm.bar(0.022, [-0.30, 0.0, 0.0], [-0.30, -0.05, 0.30])
        .bar(0.022, [0.30, 0.0, 0.0], [0.30, -0.05, 0.30])
        .bar(0.018, [-0.30, 0.0, 0.0], [0.30, 0.0, 0.0])
        .bar(0.030, [-0.31, -0.05, 0.30], [0.31, -0.05, 0.30]);

    let mut drum = Solids::default();
    drum.add(cylinder(0.115, 0.25, 22), Transform::from_rotation(lying()));
    for side in [-0.128, 0.128] {
        drum.add(
            cylinder(0.145, 0.012, 22),
            at(side, 0.0, 0.0).with_rotation(lying()),
        );
    }
    for scoop in 0..9 {
        let turn = Quat::from_rotation_x(TAU * scoop as f32 / 9.0);
        let x = (scoop % 3) as f32 * 0.075 - 0.075;
        drum.add(
            Cuboid::new(0.075, 0.052, 0.018),
            Transform::from_translation(Vec3::X * x + turn * Vec3::new(0.0, 0.135, 0.0))
                .with_rotation(turn * Quat::from_rotation_x(0.7)),
        );
    }

    let shoulder = Vec3::new(0.0, -0.06, 0.36);
    let drum = meshes.add(drum.mesh());
    let screw = meshes.add(screw(0.26, 0.05));
    let mut joints = wings(meshes, Vec3::new(0.36, 0.155, 0.0), (0.50, 0.64), (3, 4));
    joints.push((
        Joint::Arm { shoulder },
        Paint::Metal,
        meshes.add(arm.mesh()),
    ));
    for sense in [-1.0, 1.0] {
        joints.push((Joint::Drum { shoulder, sense }, Paint::Metal, drum.clone()));
    }
    for (x, z) in FEET {
        let foot = Vec3::new(x, -0.12, z);
        joints.push((
            Joint::Screw {
                foot,
                stroke_m: 0.27,
            },
            Paint::Metal,
            screw.clone(),
        ));
    }
    let (floor, size) = (Vec3::new(0.0, 0.155, -0.18), Vec3::new(0.49, 0.20, 0.41));
    joints.push((
        Joint::Fill { floor, size },
        Paint::Ground,
        meshes.add(heap()),
    ));
    Model {
        size_m: Vec3::new(1.2, 0.8, 1.4),
        fixed: fixed(
            meshes,
            [
                (Paint::White, white),
                (Paint::Foil, foil),
                (Paint::Metal, metal),
                (Paint::Dark, dark),
                (Paint::Lens, lens),
                (Paint::Band, band),
            ],
        ),
        joints,
        light_at: Vec3::new(-0.29, 0.46, -0.36),
        plume_at: Vec3::ZERO,
        plume_scale: 1.0,
    }
}

/// After MINERVA-II1: a sixteen-sided drum clad in cells, with pins that keep it off the ground.
fn scout(meshes: &mut Assets<Mesh>) -> Model {
    const SIDES: u32 = 16;
    let side_angle = TAU / SIDES as f32;
    let mut foil = Solids::default();
    foil.add(cylinder(0.43, 0.30, SIDES), Transform::IDENTITY);
    let mut white = Solids::default();
    white
        .add(cylinder(0.445, 0.022, SIDES), at(0.0, 0.16, 0.0))
        .add(cylinder(0.445, 0.022, SIDES), at(0.0, -0.16, 0.0));
    let mut cells = Solids::default();
    for side in 0..SIDES {
        let angle = (side as f32 + 0.5) * side_angle;
        let turn = Quat::from_rotation_y(angle);
        // Two faces are left to the cameras.
        if side != 0 && side != SIDES / 2 {
            cells.add(
                Cuboid::new(0.135, 0.24, 0.012),
                Transform::from_translation(Vec3::from(around(angle, 0.432, 0.0)))
                    .with_rotation(turn),
            );
        }
        cells.add(
            Cuboid::new(0.10, 0.008, 0.20),
            Transform::from_translation(Vec3::from(around(angle, 0.29, 0.174))).with_rotation(turn),
        );
    }
    let mut metal = Solids::default();
    for pin in 0..8 {
        let angle = (pin as f32) * TAU / 8.0;
        for up in [-1.0, 1.0] {
            metal.bar(
                0.014,
                around(angle, 0.41, 0.16 * up),
                around(angle, 0.47, 0.245 * up),
            );
        }
    }
    metal.bar(0.010, [0.0, 0.17, -0.12], [0.0, 0.34, -0.12]);
    let mut dark = Solids::default();
    dark.add(cylinder(0.12, 0.02, 20), at(0.0, 0.178, 0.0));
    let mut lens = Solids::default();
    for ahead in [-1.0f32, 1.0] {
        let angle = 0.5 * side_angle + if ahead < 0.0 { PI } else { 0.0 };
        for x in [-0.035, 0.035] {
            let turn = Quat::from_rotation_y(angle);
            lens.add(
                cylinder(0.026, 0.03, 14),
                Transform::from_translation(
                    Vec3::from(around(angle, 0.435, 0.02)) + turn * Vec3::X * x,
                )
                .with_rotation(turn * Quat::from_rotation_x(FRAC_PI_2)),
            );
        }
    }
    let mut band = Solids::default();
    band.add(cylinder(0.438, 0.035, SIDES), at(0.0, -0.135, 0.0));
    Model {
        size_m: Vec3::new(0.94, 0.49, 0.94),
        fixed: fixed(
            meshes,
            [
                (Paint::Foil, foil),
                (Paint::White, white),
                (Paint::Cells, cells),
                (Paint::Metal, metal),
                (Paint::Dark, dark),
                (Paint::Lens, lens),
                (Paint::Band, band),
            ],
        ),
        joints: Vec::new(),
        light_at: Vec3::new(0.0, 0.35, -0.12),
        plume_at: Vec3::ZERO,
        plume_scale: 0.5,
    }
}

/// After LEMUR and SCAR-E: a low hull with six jointed legs that end in claws of microspines.
fn gripper(meshes: &mut Assets<Mesh>) -> Model {
    let mut white = Solids::default();
    white
        .add(cylinder(0.30, 0.14, 6), at(0.0, 0.06, 0.0))
        .add(cylinder(0.24, 0.04, 6), at(0.0, 0.15, 0.0))
        .block([0.12, 0.09, 0.10], [0.0, 0.27, 0.20]);
    let mut foil = Solids::default();
    foil.add(cylinder(0.27, 0.10, 6), at(0.0, -0.05, 0.0));
    let mut cells = Solids::default();
    for leaf in 0..6 {
        let angle = (leaf as f32 + 0.5) * TAU / 6.0;
        cells.add(
            Cuboid::new(0.19, 0.008, 0.11),
            Transform::from_translation(Vec3::from(around(angle, 0.155, 0.175)))
                .with_rotation(Quat::from_rotation_y(angle)),
        );
    }
    let mut metal = Solids::default();
    metal.bar(0.014, [0.0, 0.16, 0.20], [0.0, 0.25, 0.20]).bar(
        0.008,
        [-0.16, 0.16, -0.16],
        [-0.16, 0.36, -0.16],
    );
    let mut dark = Solids::default();
    for hip in 0..6 {
        let angle = hip as f32 * TAU / 6.0;
        dark.add(
            ball(0.06),
            Transform::from_translation(Vec3::from(around(angle, 0.30, 0.03))),
        );
    }
    let mut lens = Solids::default();
    for x in [-0.03, 0.03] {
        lens.add(
            cylinder(0.022, 0.02, 14),
            at(x, 0.275, 0.255).with_rotation(Quat::from_rotation_x(FRAC_PI_2)),
        );
    }
    let mut band = Solids::default();
    band.add(cylinder(0.304, 0.04, 6), at(0.0, 0.075, 0.0));
    // A leg lies in the plane of +Y and +Z, hip at the origin.
    let mut leg = Solids::default();
    leg.bar(0.028, [0.0, 0.0, 0.0], [0.0, 0.17, 0.16]).bar(
        0.022,
        [0.0, 0.17, 0.16],
        [0.0, -0.33, 0.30],
    );
    leg.add(ball(0.036), at(0.0, 0.17, 0.16));
    for finger in 0..5 {
        let angle = finger as f32 * TAU / 5.0;
        let [x, _, z] = around(angle, 0.055, 0.0);
        leg.bar(0.009, [0.0, -0.33, 0.30], [x, -0.345, 0.30 + z])
            .bar(
                0.007,
                [x, -0.345, 0.30 + z],
                [0.75 * x, -0.395, 0.30 + 0.75 * z],
            );
    }
    let leg = meshes.add(leg.mesh());
    let joints = (0..6)
        .map(|hip| {
            let yaw = hip as f32 * TAU / 6.0;
            let hip = Vec3::from(around(yaw, 0.30, 0.03));
            (Joint::Leg { hip, yaw }, Paint::Metal, leg.clone())
        })
        .collect();
    Model {
        size_m: Vec3::new(1.2, 0.74, 1.2),
        fixed: fixed(
            meshes,
            [
                (Paint::White, white),
                (Paint::Foil, foil),
                (Paint::Cells, cells),
                (Paint::Metal, metal),
                (Paint::Dark, dark),
                (Paint::Lens, lens),
                (Paint::Band, band),
            ],
        ),
        joints,
        light_at: Vec3::new(-0.16, 0.37, -0.16),
        plume_at: Vec3::ZERO,
        plume_scale: 0.8,
    }
}

/// After Philae and TRIDENT: a tripod with screws in its feet around a mast with an auger.
fn driller(meshes: &mut Assets<Mesh>) -> Model {
    let mut white = Solids::default();
    white
        .add(cylinder(0.33, 0.24, 8), at(0.0, -0.02, 0.0))
        .block([0.10, 0.62, 0.10], [0.0, 0.42, 0.27]);
    white.add(
        dish(0.12),
        at(-0.18, 0.20, -0.18).with_rotation(Quat::from_rotation_x(-0.5)),
    );
    let mut foil = Solids::default();
    foil.add(cylinder(0.27, 0.10, 8), at(0.0, -0.19, 0.0));
    let mut cells = Solids::default();
    for side in 0..8 {
        let angle = (side as f32 + 0.5) * TAU / 8.0;
        if angle.sin().abs() < 0.5 && 0.0 < angle.cos() {
            continue;
        }
        cells.add(
            Cuboid::new(0.21, 0.19, 0.012),
            Transform::from_translation(Vec3::from(around(angle, 0.308, -0.02)))
                .with_rotation(Quat::from_rotation_y(angle)),
        );
    }
    cells.add(cylinder(0.25, 0.008, 8), at(0.0, 0.105, -0.05));
    let mut metal = Solids::default();
    let mut feet = Vec::new();
    for leg in 0..3 {
        let angle = (leg as f32 + 0.5) * TAU / 3.0;
        let foot = around(angle, 0.62, -0.50);
        metal.bar(0.026, around(angle, 0.25, 0.02), foot).bar(
            0.016,
            around(angle, 0.25, -0.20),
            around(angle, 0.50, -0.32),
        );
        metal.add(cylinder(0.10, 0.025, 18), at(foot[0], foot[1], foot[2]));
        feet.push(Vec3::from(foot));
    }
    // The rails of the mast, its crown and the masts of dish and light.
    metal
        .bar(0.014, [-0.07, -0.24, 0.36], [-0.07, 0.72, 0.36])
        .bar(0.014, [0.07, -0.24, 0.36], [0.07, 0.72, 0.36])
        .bar(0.020, [-0.09, 0.72, 0.33], [0.09, 0.72, 0.33])
        .bar(0.009, [-0.18, 0.10, -0.18], [-0.18, 0.19, -0.18])
        .bar(0.008, [0.20, 0.10, -0.16], [0.20, 0.30, -0.16]);
    let mut dark = Solids::default();
    dark.block([0.20, 0.05, 0.16], [0.0, -0.25, 0.36]);
    let mut lens = Solids::default();
    lens.add(
        cylinder(0.028, 0.03, 14),
        at(0.16, 0.03, 0.31).with_rotation(Quat::from_rotation_x(FRAC_PI_2)),
    );
    let mut band = Solids::default();
    band.add(cylinder(0.334, 0.035, 8), at(0.0, 0.085, 0.0));
    // The carriage with its motor and auger: the origin where the motor sits.
    let mut auger = Solids::default();
    auger.block([0.13, 0.16, 0.12], [0.0, 0.0, 0.0]).bar(
        0.013,
        [0.0, -0.08, 0.0],
        [0.0, -0.72, 0.0],
    );
    let mut flight = Solids::default();
    for turn in 0..60 {
        let share = turn as f32 / 60.0;
        let angle = share * 12.0 * TAU;
        flight.add(
            Cuboid::new(0.030, 0.007, 0.022),
            at(
                0.018 * angle.cos(),
                -0.14 - 0.58 * share,
                0.018 * angle.sin(),
            )
            .with_rotation(Quat::from_rotation_y(-angle)),
        );
    }
    let top = Vec3::new(0.0, 0.58, 0.36);
    let screw = meshes.add(screw(0.22, 0.05));
    let mut joints = vec![
        (
            Joint::Carriage {
                top,
                stroke_m: 0.62,
                turns: false,
            },
            Paint::Dark,
            meshes.add(auger.mesh()),
        ),
        (
            Joint::Carriage {
                top,
                stroke_m: 0.62,
                turns: true,
            },
            Paint::Metal,
            meshes.add(flight.mesh()),
        ),
    ];
    for foot in feet {
        let foot = foot + Vec3::Y * 0.24;
        joints.push((
            Joint::Screw {
                foot,
                stroke_m: 0.24,
            },
            Paint::Metal,
            screw.clone(),
        ));
    }
    Model {
        size_m: Vec3::new(1.2, 1.05, 1.2),
        fixed: fixed(
            meshes,
            [
                (Paint::White, white),
                (Paint::Foil, foil),
                (Paint::Cells, cells),
                (Paint::Metal, metal),
                (Paint::Dark, dark),
                (Paint::Lens, lens),
                (Paint::Band, band),
            ],
        ),
        joints,
        light_at: Vec3::new(0.20, 0.31, -0.16),
        plume_at: Vec3::ZERO,
        plume_scale: 1.0,
    }
}

/// An open frame around a hold, with spheres of propellant and thrusters at its corners.
fn hauler(meshes: &mut Assets<Mesh>) -> Model {
    const X: f32 = 0.52;
    const Y: f32 = 0.34;
    const Z: f32 = 0.80;
    let mut metal = Solids::default();
    for (i, j) in [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)] {
        metal
            .bar(0.026, [-X, Y * i, Z * j], [X, Y * i, Z * j])
            .bar(0.026, [X * i, -Y, Z * j], [X * i, Y, Z * j])
            .bar(0.026, [X * i, Y * j, -Z], [X * i, Y * j, Z]);
        // Diagonals of the sides.
        metal.bar(0.014, [X * i, -Y, 0.0], [X * i, Y, Z * j]);
        metal.bar(0.014, [X * i, Y, Z * j], [X * i, -Y, 0.0]);
        // Feet.
        metal.bar(
            0.020,
            [X * i, -Y, 0.75 * Z * j],
            [1.15 * X * i, -0.52, 0.80 * Z * j],
        );
        metal.add(
            cylinder(0.10, 0.022, 18),
            at(1.15 * X * i, -0.53, 0.80 * Z * j),
        );
    }
    let mut foil = Solids::default();
    foil.block([0.84, 0.46, 0.40], [0.0, 0.0, -0.52]);
    let mut white = Solids::default();
    for x in [-0.30, 0.30] {
        white.add(ball(0.21), at(x, 0.06, 0.56));
        white.add(ball(0.21), at(x, 0.42, -0.52));
    }
    // Walls of the hold.
    white
        .block([0.86, 0.44, 0.018], [0.0, -0.06, -0.28])
        .block([0.86, 0.44, 0.018], [0.0, -0.06, 0.30])
        .block([0.018, 0.44, 0.58], [-0.43, -0.06, 0.01])
        .block([0.018, 0.44, 0.58], [0.43, -0.06, 0.01]);
    white.add(
        dish(0.17),
        at(0.0, 0.52, -0.30).with_rotation(Quat::from_rotation_x(0.4)),
    );
    metal.bar(0.012, [0.0, 0.23, -0.40], [0.0, 0.49, -0.30]);
    metal.bar(0.009, [-0.40, 0.34, -0.74], [-0.40, 0.56, -0.74]);
    let mut dark = Solids::default();
    for (i, j) in [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)] {
        dark.block([0.09, 0.09, 0.09], [X * i, -Y + 0.02, Z * j]);
        dark.add(nozzle(0.07, 0.11), at(X * i, -Y - 0.08, Z * j));
        dark.add(
            nozzle(0.05, 0.09),
            at(X * i + 0.08 * i, -Y + 0.04, Z * j)
                .with_rotation(Quat::from_rotation_z(FRAC_PI_2 * i)),
        );
    }
    dark.block([0.82, 0.014, 0.54], [0.0, -0.27, 0.01]);
    let mut lens = Solids::default();
    for x in [-0.08, 0.08] {
        lens.add(
            cylinder(0.032, 0.04, 14),
            at(x, 0.28, 0.80).with_rotation(Quat::from_rotation_x(FRAC_PI_2)),
        );
    }
    white.block([0.26, 0.10, 0.10], [0.0, 0.28, 0.75]);
    let mut band = Solids::default();
    band.block([0.006, 0.12, 0.40], [-0.442, 0.06, 0.01])
        .block([0.006, 0.12, 0.40], [0.442, 0.06, 0.01])
        .block([0.40, 0.12, 0.006], [0.0, 0.10, -0.724]);
    let mut joints = wings(meshes, Vec3::new(0.55, 0.36, -0.45), (0.95, 0.55), (6, 3));
    let (floor, size) = (Vec3::new(0.0, -0.26, 0.01), Vec3::new(0.83, 0.48, 0.55));
    joints.push((
        Joint::Fill { floor, size },
        Paint::Ground,
        meshes.add(heap()),
    ));
    Model {
        size_m: Vec3::new(1.25, 1.08, 1.72),
        fixed: fixed(
            meshes,
            [
                (Paint::White, white),
                (Paint::Foil, foil),
                (Paint::Metal, metal),
                (Paint::Dark, dark),
                (Paint::Lens, lens),
                (Paint::Band, band),
            ],
        ),
        joints,
        light_at: Vec3::new(-0.40, 0.58, -0.74),
        plume_at: Vec3::new(0.0, -0.30, 0.0),
        plume_scale: 1.4,
    }
}

/// A lander that is mostly tank: a domed cylinder on four legs over an engine.
fn tanker(meshes: &mut Assets<Mesh>) -> Model {
    let mut white = Solids::default();
    white.add(cylinder(0.44, 0.70, 32), at(0.0, 0.16, 0.0));
    for y in [-0.19, 0.51] {
        let dome = Sphere::new(0.44).mesh().uv(32, 16);
        white.add(dome, at(0.0, y, 0.0).with_scale(Vec3::new(1.0, 0.45, 1.0)));
    }
    let mut foil = Solids::default();
    foil.add(cylinder(0.47, 0.16, 12), at(0.0, -0.26, 0.0));
    let mut metal = Solids::default();
    for ring in [-0.14, 0.16, 0.46] {
        metal.add(cylinder(0.448, 0.022, 32), at(0.0, ring, 0.0));
    }
    for leg in 0..4 {
        let angle = (leg as f32 + 0.5) * TAU / 4.0;
        let foot = around(angle, 0.86, -0.74);
        metal
            .bar(0.032, around(angle, 0.45, -0.20), foot)
            .bar(
                0.020,
                around(angle - 0.35, 0.45, -0.32),
                around(angle, 0.72, -0.56),
            )
            .bar(
                0.020,
                around(angle + 0.35, 0.45, -0.32),
                around(angle, 0.72, -0.56),
            );
        metal.add(cylinder(0.13, 0.03, 18), at(foot[0], foot[1], foot[2]));
    }
    metal.bar(0.010, [0.26, 0.60, 0.0], [0.26, 0.78, 0.0]);
    metal.bar(0.012, [-0.20, 0.62, -0.20], [-0.20, 0.74, -0.20]);
    // The filling arm.
    metal.bar(0.026, [0.0, 0.30, 0.45], [0.0, 0.36, 0.66]).bar(
        0.022,
        [0.0, 0.36, 0.66],
        [0.0, -0.10, 0.74],
    );
    white.add(
        dish(0.15),
        at(-0.20, 0.76, -0.20).with_rotation(Quat::from_rotation_x(-0.4)),
    );
    let mut dark = Solids::default();
    dark.add(nozzle(0.22, 0.26), at(0.0, -0.48, 0.0));
    for pod in 0..4 {
        let angle = pod as f32 * TAU / 4.0 + 0.35;
        let [x, y, z] = around(angle, 0.49, 0.40);
        dark.block([0.07, 0.10, 0.07], [x, y, z]);
        dark.add(nozzle(0.035, 0.06), at(x, y - 0.08, z));
    }
    let mut lens = Solids::default();
    lens.add(
        cylinder(0.035, 0.04, 14),
        at(0.12, 0.05, 0.44).with_rotation(Quat::from_rotation_x(FRAC_PI_2)),
    );
    let mut band = Solids::default();
    band.add(cylinder(0.445, 0.08, 32), at(0.0, 0.31, 0.0));
    let joints = wings(meshes, Vec3::new(0.48, 0.40, 0.0), (1.0, 0.60), (6, 3));
    Model {
        size_m: Vec3::new(1.5, 1.5, 1.5),
        fixed: fixed(
            meshes,
            [
                (Paint::White, white),
                (Paint::Foil, foil),
                (Paint::Metal, metal),
                (Paint::Dark, dark),
                (Paint::Lens, lens),
                (Paint::Band, band),
            ],
        ),
        joints,
        light_at: Vec3::new(0.26, 0.80, 0.0),
        plume_at: Vec3::new(0.0, -0.50, 0.0),
        plume_scale: 2.0,
    }
}
