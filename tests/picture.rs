//! Pictures are made without a window, on a software renderer too, and show what they should.
//!
//! Drivers differ in the last bit, so a picture is judged by its statistics: a dark sky, a lit body
//! with contrast, and machines, the only things in it that have a colour.

use std::path::Path;
use std::process::Command;

use bevy::asset::RenderAssetUsages;
use bevy::image::{CompressedImageFormats, Image, ImageSampler, ImageType};

const SIZE: (u32, u32) = (320, 180);

/// The pixels of a picture, row by row.
struct Picture {
    rgb: Vec<[u8; 3]>,
}

impl Picture {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("the picture was written");
        let image = Image::from_buffer(
            &bytes,
            ImageType::Extension("png"),
            CompressedImageFormats::NONE,
            true,
            ImageSampler::Default,
            RenderAssetUsages::MAIN_WORLD,
        )
        .expect("the picture is a PNG");
        let rgb = image.try_into_dynamic().expect("plain pixels").to_rgb8();
        assert_eq!(rgb.dimensions(), SIZE);
        Self {
            rgb: rgb.pixels().map(|pixel| pixel.0).collect(),
        }
    }

    /// Part of the pixels for which something holds.
    fn share(&self, holds: impl Fn([u8; 3]) -> bool) -> f64 {
        let count = self.rgb.iter().filter(|&&pixel| holds(pixel)).count();
        count as f64 / self.rgb.len() as f64
    }

    fn brightness_at(&self, share: f64) -> u8 {
        let mut sorted: Vec<u8> = self.rgb.iter().map(|&pixel| brightness(pixel)).collect();
        sorted.sort_unstable();
        sorted[((sorted.len() - 1) as f64 * share) as usize]
    }
}

fn brightness([red, green, blue]: [u8; 3]) -> u8 {
    ((u32::from(red) * 2 + u32::from(green) * 3 + u32::from(blue)) / 6) as u8
}

fn is_dark(pixel: [u8; 3]) -> bool {
    brightness(pixel) < 12
}

fn is_lit(pixel: [u8; 3]) -> bool {
    50 < brightness(pixel)
}

/// Blue cells, golden foil, an owner's band: the ground is grey.
fn is_coloured([red, green, blue]: [u8; 3]) -> bool {
    40 < red.max(green).max(blue) - red.min(green).min(blue)
}

fn shot(camera: &str) -> Picture {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture.png");
    let output = Command::new(env!("CARGO_BIN_EXE_bonanza"))
        .args(["shot", "first-water", "--camera", camera, "-o"])
        .arg(&path)
        .args(["--size", &format!("{}x{}", SIZE.0, SIZE.1)])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{camera}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "only the picture is left: {left:?}");
    Picture::read(&path)
}

#[test]
fn the_site_shows_lit_ground_a_dark_sky_and_machines() {
    let picture = shot("site");
    let (dark, lit) = (picture.share(is_dark), picture.share(is_lit));
    assert!((0.05..0.85).contains(&dark), "dark share {dark}");
    assert!((0.15..0.95).contains(&lit), "lit share {lit}");
    let contrast = picture.brightness_at(0.95) - picture.brightness_at(0.05);
    assert!(70 < contrast, "contrast {contrast}");
    let coloured = picture.share(is_coloured);
    assert!((0.0008..0.2).contains(&coloured), "coloured {coloured}");
}

#[test]
fn the_overview_shows_one_lit_body_in_the_dark() {
    let picture = shot("overview");
    let (dark, lit) = (picture.share(is_dark), picture.share(is_lit));
    assert!((0.5..0.95).contains(&dark), "dark share {dark}");
    assert!((0.04..0.5).contains(&lit), "lit share {lit}");
    // The body is in the middle: hardly anything is lit near the edge.
    let (width, height) = (SIZE.0 as usize, SIZE.1 as usize);
    let edge = (0..width)
        .flat_map(|x| [x, (height - 1) * width + x])
        .chain((0..height).flat_map(|y| [y * width, y * width + width - 1]))
        .filter(|&index| is_lit(picture.rgb[index]))
        .count();
    assert!(
        edge < (width + height) / 20,
        "{edge} lit pixels at the edge"
    );
    // Machines are too small to see from here.
    let coloured = picture.share(is_coloured);
    assert!(coloured < 0.005, "coloured {coloured}");
}

#[test]
fn a_picture_that_cannot_be_made_is_one_sentence_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |out: &Path, arguments: &[&str], about: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_bonanza"))
            .args(["shot", "first-water", "-o"])
            .arg(out)
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{about}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(about), "{about}: {text}");
        assert!(!text.contains("panicked"), "{text}");
    };
    let good = folder.path().join("a.png");
    refused(&good, &["--camera", "nowhere"], "nowhere");
    refused(
        &folder.path().join("no/such/folder/a.png"),
        &[],
        "cannot write",
    );
    refused(folder.path(), &[], "folder");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
