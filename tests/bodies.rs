//! Every body can be stood on, whatever its size and shape, and turns as physics has it.

use std::sync::Arc;

use bevy::math::DVec3;
use bonanza::headless::Headless;
use bonanza::sim::asteroid::{Anchor, BodyModel, GravityCell, Terrain, direction_of};
use bonanza::sim::level::{Coordinates, Level};

fn anchor(latitude_deg: f64, longitude_deg: f64) -> Anchor {
    Anchor {
        latitude_rad: f64::to_radians(latitude_deg),
        longitude_rad: f64::to_radians(longitude_deg),
    }
}

/// The first level, moved to another body of the catalogue.
fn first_water_on(body: &str, place: Coordinates) -> Level {
    let mut level = Level::find("first-water").unwrap();
    level.body.id = body.to_owned();
    level.sites.insert("field".to_owned(), place);
    level
}

#[test]
fn places_near_the_site_of_a_large_body_keep_their_millimetres_in_32_bits() {
    for (id, latitude_deg, longitude_deg) in [
        ("eros", 10.0, 90.0),
        ("phobos", -35.0, 200.0),
        ("ceres", 20.0, 240.0),
        ("moon", 26.1, 3.6),
    ] {
        let at = anchor(latitude_deg, longitude_deg);
        let model = BodyModel::shared_at(id, 3, at).unwrap();
        let place = model.surface_point(at.latitude_rad, at.longitude_rad);
        assert!(place.length() < 400.0, "{id}: {place}");
        let stored = place.as_vec3().as_dvec3();
        assert!((stored - place).length() < 1e-4, "{id}");
        // One millimetre is felt in 32 bits as it is in 64.
        let up = model.surface_normal(place);
        let exact_m = model.signed_distance_m(place + 1e-3 * up);
        let stored_m = model.signed_distance_m((place + 1e-3 * up).as_vec3().as_dvec3());
        assert!(
            (exact_m - stored_m).abs() < 1e-4,
            "{id}: {exact_m} {stored_m}"
        );
        let (latitude_rad, longitude_rad) = model.latitude_longitude_rad(place);
        assert!((latitude_rad - at.latitude_rad).abs() < 1e-9, "{id}");
        let turns = (longitude_rad - at.longitude_rad).rem_euclid(std::f64::consts::TAU);
        assert!(turns.min(std::f64::consts::TAU - turns) < 1e-9, "{id}");
        let direction = direction_of(at.latitude_rad, at.longitude_rad);
        assert!((model.outward(place) - direction).length() < 1e-9);
    }
}

#[test]
fn the_ground_is_the_same_wherever_a_body_is_worked() {
    let here = BodyModel::shared_at("eros", 5, anchor(0.0, 0.0)).unwrap();
    let there = BodyModel::shared_at("eros", 5, anchor(40.0, 130.0)).unwrap();
    assert_ne!(here.origin_m(), there.origin_m());
    for k in 0..40 {
        let direction = direction_of(0.01 * f64::from(k) - 0.2, 0.157 * f64::from(k));
        let apart_m = here.surface_radius_m(direction) - there.surface_radius_m(direction);
        assert!(apart_m.abs() < 1e-6, "{apart_m} m");
        let place = here.surface_towards(direction);
        let same = there.surface_towards(direction);
        assert!((here.from_centre(place) - there.from_centre(same)).length() < 1e-6);
        let terrains = [
            Terrain::new(Arc::clone(&here)),
            Terrain::new(Arc::clone(&there)),
        ];
        let felt = [(&terrains[0], place), (&terrains[1], same)].map(|(terrain, at)| {
            terrain.acceleration_m_s2(at, DVec3::X, &mut GravityCell::default())
        });
        assert!((felt[0] - felt[1]).length() < 1e-9 * felt[0].length());
    }
}

#[test]
fn a_level_runs_on_a_body_of_twenty_kilometres_as_on_a_small_one() {
    let place = Coordinates {
        latitude_deg: 35.0,
        longitude_deg: 80.0,
    };
    let level = first_water_on("eros", place);
    let mut world = Headless::load(&level, None).unwrap();
    let stand: Vec<_> = world.scene().robots;
    world.run_until_ms(120_000);
    for (was, is) in stand.iter().zip(&world.scene().robots) {
        assert!(!is.lost, "{}", is.name);
        assert!(is.position_m.length() < 500.0, "{}", is.name);
        // The player's have no orders; rivals are off to work.
        let moved_m = is.position_m.distance(was.position_m);
        assert!(is.owner != "player" || moved_m < 1.0, "{}", is.name);
    }
    let hash = world.state_hash();
    let bytes = world.save();
    let mut again = Headless::restore(&bytes).unwrap();
    assert_eq!(again.state_hash(), hash);
    world.run_until_ms(180_000);
    again.run_until_ms(180_000);
    assert_eq!(again.state_hash(), world.state_hash());
}
