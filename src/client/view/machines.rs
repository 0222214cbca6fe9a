//! Materials and building blocks that robots and plants share.

use bevy::prelude::*;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Startup, make_materials);
}

/// Materials of machines. Brightness is chosen beside ground lifted by the exposure: white paint
/// in space would be thirty times as bright as this ground, and would show as nothing but white.
#[derive(Resource, Clone, Debug)]
pub(super) struct Materials {
    pub white: Handle<StandardMaterial>,
    pub foil: Handle<StandardMaterial>,
    pub metal: Handle<StandardMaterial>,
    pub dark: Handle<StandardMaterial>,
    pub cells: Handle<StandardMaterial>,
    pub lens: Handle<StandardMaterial>,
    pub plume: Handle<StandardMaterial>,
}

fn make_materials(mut commands: Commands, mut materials: ResMut<Assets<StandardMaterial>>) {
    let mut add = |red: f32, green: f32, blue: f32, metallic: f32, roughness: f32| {
        materials.add(StandardMaterial {
            base_color: Color::linear_rgb(red, green, blue),
            metallic,
            perceptual_roughness: roughness,
            reflectance: 0.3,
            ..default()
        })
    };
    let white = add(0.27, 0.27, 0.265, 0.0, 0.6);
    let foil = add(0.30, 0.145, 0.022, 0.35, 0.42);
    let metal = add(0.13, 0.134, 0.142, 0.25, 0.45);
    let dark = add(0.035, 0.035, 0.04, 0.1, 0.6);
    let cells = add(0.006, 0.014, 0.060, 0.15, 0.30);
    let lens = add(0.01, 0.012, 0.018, 0.0, 0.08);
    let plume = materials.add(StandardMaterial {
        base_color: Color::linear_rgba(0.55, 0.72, 1.0, 0.16),
        unlit: true,
        alpha_mode: AlphaMode::Add,
        cull_mode: None,
        ..default()
    });
    commands.insert_resource(Materials {
        white,
        foil,
        metal,
        dark,
        cells,
        lens,
        plume,
    });
}

/// Several solids that share a material, as one mesh.
#[derive(Default)]
pub(super) struct Solids(Option<Mesh>);

impl Solids {
    pub fn add(&mut self, shape: impl Into<Mesh>, at: Transform) -> &mut Self {
        let mesh = shape.into().transformed_by(at);
        match &mut self.0 {
            Some(all) => all
                .merge(&mesh)
                .expect("solids made from primitives have the same attributes"),
            None => self.0 = Some(mesh),
        }
        self
    }

    /// An upright box.
    pub fn block(&mut self, size: [f32; 3], at: [f32; 3]) -> &mut Self {
        self.add(
            Cuboid::from_size(Vec3::from(size)),
            Transform::from_translation(Vec3::from(at)),
        )
    }

    /// A round bar between two points.
    pub fn bar(&mut self, radius: f32, from: [f32; 3], to: [f32; 3]) -> &mut Self {
        let (from, to) = (Vec3::from(from), Vec3::from(to));
        let along = to - from;
        self.add(
            Cylinder::new(radius, along.length())
                .mesh()
                .resolution(10)
                .build(),
            Transform::from_translation(0.5 * (from + to)).with_rotation(Quat::from_rotation_arc(
                Vec3::Y,
                along.normalize_or(Vec3::Y),
            )),
        )
    }

    pub fn mesh(self) -> Mesh {
        self.0.expect("a part has at least one solid")
    }
}
