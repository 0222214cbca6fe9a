//! A picture of pixels with text, and the colours of a scale.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

/// Red, green and blue.
pub type Colour = [u8; 3];

pub const WHITE: Colour = [255; 3];
pub const INK: Colour = [32, 34, 38];

/// Heights of a line of text in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Small,
    Large,
}

/// Where a text stands against its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Left,
    Middle,
    Right,
}

pub struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<Colour>,
}

impl Picture {
    pub fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            pixels: vec![WHITE; width * height],
        }
    }

    /// What lies outside of the picture is left out.
    pub fn set(&mut self, x: usize, y: usize, colour: Colour) {
        if x < self.width && y < self.height {
            self.pixels[y * self.width + x] = colour;
        }
    }

    /// Mixes a colour in.
    pub fn blend(&mut self, x: usize, y: usize, colour: Colour, share: f64) {
        if x < self.width && y < self.height {
            let pixel = &mut self.pixels[y * self.width + x];
            for (old, new) in pixel.iter_mut().zip(colour) {
                let mixed = f64::from(*old) * (1.0 - share) + f64::from(new) * share;
                *old = mixed.round() as u8;
            }
        }
    }

    /// A frame of one pixel around a rectangle.
    pub fn frame(&mut self, x: usize, y: usize, width: usize, height: usize) {
        for i in 0..width + 2 {
            self.set(x + i - 1, y - 1, INK);
            self.set(x + i - 1, y + height, INK);
        }
        for j in 0..height + 2 {
            self.set(x - 1, y + j - 1, INK);
            self.set(x + width, y + j - 1, INK);
        }
    }

    /// A line of text whose middle is at height `y`.
    pub fn text(&mut self, text: &str, x: usize, y: usize, size: Size, side: Side) {
        let (weight, raster) = match size {
            Size::Small => (FontWeight::Regular, RasterHeight::Size16),
            Size::Large => (FontWeight::Bold, RasterHeight::Size20),
        };
        let step = get_raster_width(weight, raster);
        let width = step * text.chars().count();
        let left = match side {
            Side::Left => x,
            Side::Middle => x.saturating_sub(width / 2),
            Side::Right => x.saturating_sub(width),
        };
        let top = y.saturating_sub(raster.val() / 2);
        for (index, character) in text.chars().enumerate() {
            let glyph =
                get_raster(character, weight, raster).or_else(|| get_raster('?', weight, raster));
            let rows = glyph.as_ref().map_or(&[][..], |glyph| glyph.raster());
            for (j, row) in rows.iter().enumerate() {
                for (i, &cover) in row.iter().enumerate() {
                    let share = f64::from(cover) / 255.0;
                    self.blend(left + index * step + i, top + j, INK, share);
                }
            }
        }
    }

    pub fn png(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Balanced);
        let bytes: Vec<u8> = self.pixels.iter().flatten().copied().collect();
        let written = encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&bytes));
        written.expect("a buffer in memory takes a picture of its own size");
        file
    }
}

/// Colours of a scale whose steps look equal, from low to high.
pub struct Scale(&'static [u32]);

/// Viridis, magma and cividis: van der Walt & Smith (2015); Nuñez, Anderton & Renslow (2018),
/// PLoS ONE 13.
pub const VIRIDIS: Scale = Scale(&[
    0x44_01_54, 0x48_28_78, 0x3E_49_89, 0x31_68_8E, 0x26_82_8E, 0x1F_9E_89, 0x35_B7_79, 0x6E_CE_58,
    0xB5_DE_2B, 0xFD_E7_25,
]);
pub const MAGMA: Scale = Scale(&[
    0x00_00_04, 0x18_0F_3D, 0x44_0F_76, 0x72_1F_81, 0x9E_2F_7F, 0xCD_40_71, 0xF1_60_5D, 0xFD_96_68,
    0xFE_CA_8D, 0xFC_FD_BF,
]);
pub const CIVIDIS: Scale = Scale(&[
    0x00_22_4E, 0x12_35_70, 0x3B_49_6C, 0x57_5D_6D, 0x70_71_73, 0x8A_86_78, 0xA5_9C_74, 0xC3_B3_69,
    0xE1_CC_55, 0xFE_E8_38,
]);

impl Scale {
    /// For a share from 0 to 1.
    pub fn colour(&self, share: f64) -> Colour {
        let steps = self.0.len() - 1;
        let scaled = share.clamp(0.0, 1.0) * steps as f64;
        let index = (scaled as usize).min(steps - 1);
        let part = scaled - index as f64;
        let channels =
            |colour: u32| [colour >> 16, colour >> 8, colour].map(|c| f64::from(c & 255));
        let (low, high) = (channels(self.0[index]), channels(self.0[index + 1]));
        std::array::from_fn(|i| (low[i] + (high[i] - low[i]) * part).round() as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_grow_lighter_all_the_way() {
        for scale in [VIRIDIS, MAGMA, CIVIDIS] {
            let light = |share: f64| {
                let [r, g, b] = scale.colour(share).map(f64::from);
                0.2126 * r + 0.7152 * g + 0.0722 * b
            };
            for step in 1..=50 {
                let share = f64::from(step) / 50.0;
                assert!(light(share - 0.02) < light(share) + 0.5, "at {share}");
            }
            assert!(light(0.0) + 100.0 < light(1.0));
        }
    }

    #[test]
    fn text_leaves_ink() {
        let mut picture = Picture::new(200, 40);
        picture.text("12.5 µm/s²", 100, 20, Size::Small, Side::Middle);
        let dark = picture.pixels.iter().filter(|p| p[0] < 100).count();
        assert!((60..1_500).contains(&dark), "{dark}");
    }
}
