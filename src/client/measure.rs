//! What a frame costs the processor, measured while the window runs.
//!
//! With `BONANZA_MEASURE=FRAMES` or `BONANZA_MEASURE=FRAMES@WARP` in the environment, the window
//! runs a level for so many frames at that warp, prints one JSON object and closes. The renderer's
//! own time is not in it: on a software renderer it says nothing about the program.

use bevy::diagnostic::{DiagnosticPath, DiagnosticsStore};
use bevy::prelude::*;
use serde_json::json;

use super::{AppState, CHUNK_MESH_MS, Game, PANELS_CPU_MS, SIM_CPU_MS};

/// Frames of warming up that do not count: pipelines are made, the first ground is meshed.
const WARM_UP_FRAMES: u32 = 60;

pub(super) fn plugin(app: &mut App) {
    let Some(measure) = std::env::var("BONANZA_MEASURE")
        .ok()
        .and_then(|text| Measure::parse(&text))
    else {
        return;
    };
    app.insert_resource(measure)
        .add_systems(Last, count_frames.run_if(in_state(AppState::Site)));
}

#[derive(Resource, Debug, PartialEq)]
struct Measure {
    frames: u32,
    warp: u32,
    seen: u32,
    readings: [Vec<f64>; 3],
}

impl Measure {
    /// From `FRAMES` or `FRAMES@WARP`.
    fn parse(text: &str) -> Option<Self> {
        let (frames, warp) = text.split_once('@').unwrap_or((text, "1"));
        Some(Self {
            frames: frames.trim().parse().ok().filter(|&frames| 0 < frames)?,
            warp: warp.trim().parse().ok()?,
            seen: 0,
            readings: default(),
        })
    }
}

fn count_frames(
    mut measure: ResMut<Measure>,
    mut game: ResMut<Game>,
    diagnostics: Res<DiagnosticsStore>,
    mut exit: MessageWriter<AppExit>,
) {
    measure.seen += 1;
    if measure.seen == 1 {
        game.warp = measure.warp;
        game.paused = false;
    }
    if WARM_UP_FRAMES < measure.seen {
        let newest = |path: &DiagnosticPath| {
            diagnostics
                .get(path)
                .and_then(|diagnostic| diagnostic.measurement())
                .map(|reading| reading.value)
        };
        for (place, path) in [SIM_CPU_MS, PANELS_CPU_MS].iter().enumerate() {
            measure.readings[place].extend(newest(path));
        }
    }
    if measure.seen < WARM_UP_FRAMES + measure.frames {
        return;
    }
    // Chunks come when they come; all of the run count.
    measure.readings[2] = diagnostics
        .get(&CHUNK_MESH_MS)
        .map(|diagnostic| diagnostic.values().copied().collect())
        .unwrap_or_default();
    let [sim, panels, chunks] = &measure.readings;
    println!(
        "{}",
        json!({
            "frames": measure.frames,
            "warp": measure.warp,
            "sim_s": game.headless().time_ms() as f64 * 1e-3,
            "sim_cpu_ms": summary(sim),
            "panels_cpu_ms": summary(panels),
            "chunk_mesh_ms": summary(chunks),
        })
    );
    exit.write(AppExit::Success);
}

fn summary(readings: &[f64]) -> serde_json::Value {
    let mut sorted = readings.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted.get(((sorted.len() as f64 - 1.0) * share) as usize);
    json!({
        "count": sorted.len(),
        "mean": sorted.iter().sum::<f64>() / sorted.len().max(1) as f64,
        "p99": at(0.99),
        "max": sorted.last(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wish_to_measure_is_read_or_ignored() {
        let measure = Measure::parse("600@60").unwrap();
        assert_eq!((measure.frames, measure.warp), (600, 60));
        assert_eq!(Measure::parse("50").unwrap().warp, 1);
        for nonsense in ["", "0", "x", "5@", "-3"] {
            assert!(Measure::parse(nonsense).is_none(), "{nonsense}");
        }
    }
}
