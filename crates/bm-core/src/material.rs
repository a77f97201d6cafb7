//! Materials: stable ids, names, colours and physical properties.

use std::collections::HashMap;

/// A material's stable number. Ids are names, not numbers: no arithmetic on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct MaterialId(pub u16);

impl MaterialId {
    /// No material was set; never an answer.
    pub const UNSET: Self = Self(0);
    /// Air.
    pub const AIR: Self = Self(1);
    /// Undifferentiated rock.
    pub const ROCK: Self = Self(5);
    /// Granite.
    pub const GRANITE: Self = Self(6);
    /// Sandstone.
    pub const SANDSTONE: Self = Self(8);
    /// Shale.
    pub const SHALE: Self = Self(9);
    /// Limestone.
    pub const LIMESTONE: Self = Self(7);
    /// Basalt.
    pub const BASALT: Self = Self(10);
    /// Ice.
    pub const ICE: Self = Self(13);
    /// Salt water of the open sea.
    pub const SEAWATER: Self = Self(16);
    /// Water of lakes and rivers.
    pub const FRESHWATER: Self = Self(17);
    /// Loose or weakly cemented sediment.
    pub const SEDIMENT: Self = Self(18);
    /// Upper continental or oceanic crust.
    pub const UPPER_CRUST: Self = Self(20);
    /// Middle crust.
    pub const MIDDLE_CRUST: Self = Self(21);
    /// Lower crust.
    pub const LOWER_CRUST: Self = Self(22);
    /// Lithospheric mantle (the lid).
    pub const LITHOSPHERIC_MANTLE: Self = Self(23);
    /// Asthenosphere.
    pub const ASTHENOSPHERE: Self = Self(24);
    /// Mantle below.
    pub const MANTLE: Self = Self(25);
    /// Liquid outer core.
    pub const OUTER_CORE: Self = Self(26);
    /// Solid inner core.
    pub const INNER_CORE: Self = Self(27);
    /// Consolidated sediment.
    pub const SEDIMENTARY_ROCK: Self = Self(28);
    /// Ore.
    pub const ORE: Self = Self(29);
}

/// State of matter at the place where the material usually lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum Phase {
    /// Gas.
    Gas,
    /// Liquid.
    Liquid,
    /// Solid.
    Solid,
}

/// One material of a registry.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Material {
    /// Stable id.
    pub id: MaterialId,
    /// Unique lower-case name.
    pub name: String,
    /// Colour in pictures, sRGB.
    pub rgb: [u8; 3],
    /// State of matter.
    pub phase: Phase,
    /// Density in kg/m³.
    pub density: f64,
    /// Mohs hardness, 0–10 (0 for fluids).
    pub hardness: f64,
    /// Relative erodibility, 0 (does not erode) to 1 (loose).
    pub erodibility: f64,
}

/// Why a material was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Another material has the id.
    #[error("material id {0} is taken by \"{1}\"")]
    IdTaken(u16, String),
    /// Another material has the name.
    #[error("material name \"{0}\" is taken by id {1}")]
    NameTaken(String, u16),
    /// Id 0 means "unset".
    #[error("material id 0 is reserved for \"unset\"")]
    Reserved,
}

/// The materials of a world. Stored in the world, so ids keep their meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct MaterialRegistry {
    list: Vec<Material>,
    by_name: HashMap<String, usize>,
}

impl MaterialRegistry {
    /// A registry of the given materials.
    ///
    /// # Errors
    /// [`RegistryError`] when ids or names collide or id 0 is used.
    pub fn new(materials: impl IntoIterator<Item = Material>) -> Result<Self, RegistryError> {
        let mut it = Self { list: Vec::new(), by_name: HashMap::new() };
        for m in materials {
            it.add(m)?;
        }
        Ok(it)
    }

    /// The materials every new world starts with.
    #[must_use]
    pub fn standard() -> Self {
        let list = STANDARD.iter().map(|&(id, name, rgb, phase, density, hardness, erodibility)| Material {
            id: MaterialId(id),
            name: name.to_owned(),
            rgb,
            phase,
            density,
            hardness,
            erodibility,
        });
        let mut it = Self { list: list.collect(), by_name: HashMap::new() };
        it.by_name = it.list.iter().enumerate().map(|(i, m)| (m.name.clone(), i)).collect();
        it
    }

    /// Adds one material, keeping the list ordered by id.
    ///
    /// # Errors
    /// [`RegistryError`] when id or name is taken or the id is 0.
    pub fn add(&mut self, m: Material) -> Result<(), RegistryError> {
        if m.id == MaterialId::UNSET {
            return Err(RegistryError::Reserved);
        }
        if let Some(other) = self.by_name(&m.name) {
            return Err(RegistryError::NameTaken(m.name, other.id.0));
        }
        match self.list.binary_search_by_key(&m.id, |o| o.id) {
            Ok(i) => Err(RegistryError::IdTaken(m.id.0, self.list[i].name.clone())),
            Err(i) => {
                self.list.insert(i, m);
                self.by_name = self.list.iter().enumerate().map(|(i, m)| (m.name.clone(), i)).collect();
                Ok(())
            }
        }
    }

    /// The material with this id.
    #[must_use]
    pub fn get(&self, id: MaterialId) -> Option<&Material> {
        self.list.binary_search_by_key(&id, |m| m.id).ok().map(|i| &self.list[i])
    }

    /// The material with this name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Material> {
        self.by_name.get(name).map(|&i| &self.list[i])
    }

    /// Name of a material, `"unknown"` if it is not registered.
    #[must_use]
    pub fn name(&self, id: MaterialId) -> &str {
        self.get(id).map_or("unknown", |m| m.name.as_str())
    }

    /// All materials, by id.
    #[must_use]
    pub fn all(&self) -> &[Material] {
        &self.list
    }
}

type Row = (u16, &'static str, [u8; 3], Phase, f64, f64, f64);

/// Ids 1–15 keep the numbers of the project's earliest material list; 16 and up are ours.
const STANDARD: &[Row] = &[
    (1, "air", [214, 232, 246], Phase::Gas, 1.225, 0.0, 0.0),
    (2, "sand", [226, 202, 140], Phase::Solid, 1600.0, 2.5, 0.9),
    (3, "clay", [176, 122, 90], Phase::Solid, 2000.0, 2.0, 0.6),
    (4, "silt", [190, 164, 128], Phase::Solid, 1800.0, 2.0, 0.8),
    (5, "rock", [132, 126, 118], Phase::Solid, 2700.0, 6.0, 0.1),
    (6, "granite", [176, 150, 144], Phase::Solid, 2750.0, 7.0, 0.05),
    (7, "limestone", [204, 198, 176], Phase::Solid, 2600.0, 3.0, 0.2),
    (8, "sandstone", [206, 160, 104], Phase::Solid, 2300.0, 4.0, 0.25),
    (9, "shale", [104, 104, 112], Phase::Solid, 2400.0, 3.0, 0.35),
    (10, "basalt", [72, 72, 78], Phase::Solid, 2950.0, 6.0, 0.08),
    (11, "dirt", [122, 92, 62], Phase::Solid, 1500.0, 1.5, 0.8),
    (12, "vegetation", [82, 138, 62], Phase::Solid, 800.0, 1.0, 0.4),
    (13, "ice", [226, 240, 250], Phase::Solid, 917.0, 1.5, 0.3),
    (14, "snow", [246, 250, 254], Phase::Solid, 300.0, 0.5, 0.9),
    (15, "lava", [232, 82, 26], Phase::Liquid, 2600.0, 0.0, 0.0),
    (16, "seawater", [38, 92, 158], Phase::Liquid, 1025.0, 0.0, 0.0),
    (17, "freshwater", [74, 144, 200], Phase::Liquid, 1000.0, 0.0, 0.0),
    (18, "sediment", [214, 184, 130], Phase::Solid, 1900.0, 2.0, 0.7),
    (20, "upper crust", [178, 140, 120], Phase::Solid, 2700.0, 6.5, 0.06),
    (21, "middle crust", [150, 112, 104], Phase::Solid, 2850.0, 6.5, 0.05),
    (22, "lower crust", [118, 86, 92], Phase::Solid, 2950.0, 6.5, 0.05),
    (23, "lithospheric mantle", [92, 112, 72], Phase::Solid, 3350.0, 6.8, 0.02),
    (24, "asthenosphere", [160, 112, 60], Phase::Solid, 3380.0, 6.0, 0.02),
    (25, "mantle", [176, 84, 48], Phase::Solid, 4500.0, 7.0, 0.0),
    (26, "outer core", [236, 156, 40], Phase::Liquid, 11_000.0, 0.0, 0.0),
    (27, "inner core", [250, 214, 110], Phase::Solid, 12_900.0, 5.0, 0.0),
    (28, "sedimentary rock", [190, 150, 100], Phase::Solid, 2350.0, 3.5, 0.3),
    (29, "ore", [186, 120, 40], Phase::Solid, 4200.0, 5.5, 0.05),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_list_is_sound() {
        let std = MaterialRegistry::standard();
        let again = MaterialRegistry::new(std.all().iter().cloned()).unwrap();
        assert_eq!(std, again, "ids ascend, names and ids are unique");
        assert_eq!(std.name(MaterialId::GRANITE), "granite");
        assert_eq!(std.name(MaterialId::SEAWATER), "seawater");
        assert_eq!(std.name(MaterialId(999)), "unknown");
        assert!(std.all().iter().all(|m| m.density > 0.0 && (0.0..=1.0).contains(&m.erodibility)));
    }

    #[test]
    fn collisions_are_refused() {
        let mut reg = MaterialRegistry::standard();
        let m = |id, name: &str| Material { id: MaterialId(id), name: name.into(), ..reg_first() };
        fn reg_first() -> Material {
            MaterialRegistry::standard().all()[0].clone()
        }
        assert_eq!(reg.add(m(6, "x")), Err(RegistryError::IdTaken(6, "granite".into())));
        assert_eq!(reg.add(m(900, "granite")), Err(RegistryError::NameTaken("granite".into(), 6)));
        assert_eq!(reg.add(m(0, "x")), Err(RegistryError::Reserved));
        reg.add(m(900, "x")).unwrap();
        assert_eq!(reg.by_name("x").unwrap().id, MaterialId(900));
    }
}
