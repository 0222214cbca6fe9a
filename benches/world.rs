//! Timings of what a world does most: `cargo bench --no-default-features`.
//!
//! `bonanza bench` prints throughput as one object for other programs; these are for comparing two
//! versions of the code side by side.

use bevy::math::{DVec3, Quat};
use bonanza::headless::Headless;
use bonanza::sim::asteroid::{BodyModel, GravityCell, Terrain};
use bonanza::sim::level::Level;
use divan::Bencher;

fn main() {
    divan::main();
}

fn level() -> Level {
    Level::find("first-water").expect("the level ships with the program")
}

fn settled() -> Headless {
    let mut world = Headless::load(&level(), None).expect("the level is valid");
    world.run_until_ms(600_000);
    world
}

#[divan::bench]
fn load_a_second_world(bencher: Bencher) {
    let first = settled();
    bencher.bench_local(|| Headless::load(&level(), None));
    drop(first);
}

#[divan::bench]
fn tick_with_rivals_at_work(bencher: Bencher) {
    let mut world = settled();
    bencher.bench_local(|| world.step());
}

#[divan::bench]
fn tick_of_five_robots_in_flight(bencher: Bencher) {
    let mut world = settled();
    let scene = world.scene();
    for robot in &scene.robots {
        let up = scene.outward(robot.position_m);
        world.place_robot(
            &robot.name,
            robot.position_m + 30.0 * up,
            Quat::IDENTITY,
            0.05 * up,
        );
    }
    bencher.bench_local(|| world.step());
}

/// A level of nine prospectors and seventeen robots, after some days.
fn rush() -> Headless {
    let level = Level::find("the-last-ice").expect("the level ships with the program");
    let mut world = Headless::load(&level, None).expect("the level is valid");
    world.run_until_ms(4 * 86_400_000);
    world
}

#[divan::bench(args = ["in physics", "in a rush"])]
fn checkpoint(bencher: Bencher, of: &str) {
    let mut world = if of == "in a rush" { rush() } else { settled() };
    bencher.bench_local(|| world.checkpoint());
}

#[divan::bench(args = ["in physics", "in a rush"])]
fn return_to(bencher: Bencher, of: &str) {
    let mut world = if of == "in a rush" { rush() } else { settled() };
    let checkpoint = world.checkpoint();
    for _ in 0..100 {
        world.step();
    }
    bencher.bench_local(|| world.return_to(&checkpoint));
}

#[divan::bench(args = ["in physics", "in a rush"])]
fn reset(bencher: Bencher, of: &str) {
    let mut world = if of == "in a rush" { rush() } else { settled() };
    let mut seed = 0;
    bencher.bench_local(|| {
        seed += 1;
        world.reset(Some(seed));
    });
}

#[divan::bench]
fn snapshot(bencher: Bencher) {
    let mut world = settled();
    bencher.bench_local(|| world.save());
}

fn terrain() -> Terrain {
    let bennu = BodyModel::shared("bennu", 7).expect("the catalogue has Bennu");
    Terrain::new(bennu)
}

#[divan::bench]
fn gravity_of_a_known_cell(bencher: Bencher) {
    let terrain = terrain();
    let mut cell = GravityCell::default();
    let at_m = DVec3::new(170.0, 60.0, 170.0);
    bencher.bench_local(|| terrain.gravity_m_s2(divan::black_box(at_m), &mut cell));
}

#[divan::bench]
fn gravity_of_the_exact_polyhedron(bencher: Bencher) {
    let terrain = terrain();
    let at_m = DVec3::new(170.0, 60.0, 170.0);
    bencher.bench_local(|| terrain.model().exact_gravity_m_s2(divan::black_box(at_m)));
}

/// Digs five kilograms, enough to change the surface, and meshes every chunk that shows it.
#[divan::bench]
fn dig_and_mesh_what_changed(bencher: Bencher) {
    let mut terrain = terrain();
    let ground_m = terrain.model().surface_point(0.6, 0.35);
    bencher.bench_local(|| {
        terrain.excavate(ground_m, 3.0, 5_000);
        let changed = terrain.take_changed_chunks();
        assert!(!changed.is_empty(), "five kilograms changed no chunk");
        changed
            .into_iter()
            .map(|key| terrain.chunk_mesh(key).positions.len())
            .sum::<usize>()
    });
}
