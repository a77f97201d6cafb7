//! Rock that becomes loose ground over geological time: any step, by closed formulas.
//!
//! Frost counts crossings of the freezing point, of which a climate has so many a year; chemistry follows Arrhenius'
//! law. Both slow down under what has become loose already, P = P₀ e^(−h/h₀) (Heimsath et al. 1997).

use super::{GAS, REFERENCE, Rule};
use crate::process::YEAR;

/// How temperatures swing about their mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Swing {
    /// From the mean to the warmest season, K.
    pub season: f64,
    /// From a day's mean to noon, K.
    pub day: f64,
}

impl Swing {
    /// Crossings of the freezing point in a year whose mean is `mean` °C: twice on every day whose own mean is no further
    /// from freezing than noon is from it.
    #[must_use]
    pub fn crossings(&self, mean: f64) -> f64 {
        if !mean.is_finite() {
            return 0.0;
        }
        // The seasons are a sine: the share of the year in which it is below x.
        let below = |x: f64| {
            if self.season > 0.0 {
                (x / self.season).clamp(-1.0, 1.0).asin() / std::f64::consts::PI
            } else if x > 0.0 {
                0.5
            } else {
                -0.5
            }
        };
        2.0 * 365.25 * (below(self.day - mean) - below(-self.day - mean))
    }
}

/// Rock becomes loose from above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Production {
    /// Metres of bare rock that are loose when a life of the rule is over.
    pub layer: f64,
    /// Metres of loose ground under which it takes e times as long.
    pub cover: f64,
    /// The climate's swing.
    pub swing: Swing,
}

impl Production {
    /// How fast bare rock becomes loose, m/s, at a yearly mean of `temperature` °C and a wetness of 0 to 1.
    #[must_use]
    pub fn rate(&self, rule: &Rule, temperature: f64, wetness: f64) -> f64 {
        let kelvin = temperature + 273.15;
        if kelvin.is_nan() || kelvin <= 0.0 {
            return 0.0;
        }
        let arrhenius = (rule.activation / GAS * (1.0 / REFERENCE - 1.0 / kelvin)).exp();
        let lives = rule.frost * self.swing.crossings(temperature) + rule.chemistry * arrhenius;
        self.layer * wetness * lives / YEAR
    }

    /// How much loose ground there is after `dt` seconds where there were `loose` metres, at `rate` m/s for bare rock:
    /// the exact solution of dh/dt = rate · e^(−h / cover).
    #[must_use]
    pub fn after(&self, loose: f64, rate: f64, dt: f64) -> f64 {
        // h₀ ln(e^(h/h₀) + P t/h₀), written so that thick covers do not overflow.
        loose + self.cover * (rate * dt / self.cover * (-loose / self.cover).exp()).ln_1p()
    }

    /// Seconds in which `loose` metres become `more`: the inverse of [`Production::after`].
    #[must_use]
    pub fn time(&self, loose: f64, more: f64, rate: f64) -> f64 {
        if more <= loose {
            return 0.0;
        }
        if rate <= 0.0 {
            return f64::INFINITY;
        }
        self.cover / rate * (loose / self.cover).exp() * ((more - loose) / self.cover).exp_m1()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossings_are_those_of_the_days() {
        for (season, day, mean) in
            [(10.0, 5.0, 2.0), (10.0, 5.0, 14.0), (10.0, 5.0, -30.0), (3.0, 8.0, -1.0), (12.0, 4.0, 0.0)]
        {
            let mut counted = 0;
            const DAYS: i32 = 400_000;
            for n in 0..DAYS {
                let that_day = mean + season * (f64::from(n) / f64::from(DAYS) * std::f64::consts::TAU).sin();
                counted += i32::from(that_day.abs() < day) * 2;
            }
            let wanted = f64::from(counted) / f64::from(DAYS) * 365.25;
            let got = Swing { season, day }.crossings(mean);
            assert!((got - wanted).abs() < 0.01, "{season} {day} {mean}: {got} {wanted}");
        }
        assert_eq!(Swing { season: 0.0, day: 5.0 }.crossings(4.0), 730.5);
        assert_eq!(Swing { season: 0.0, day: 5.0 }.crossings(6.0), 0.0);
    }

    #[test]
    fn loose_ground_shields_the_rock() {
        let it = Production { layer: 0.02, cover: 0.5, swing: Swing { season: 10.0, day: 5.0 } };
        let rate = 1e-4;
        // Against small steps of the equation itself (by the midpoint).
        let (mut h, dt) = (0.1_f64, 0.01);
        for _ in 0..1_000_000 {
            let half = h + 0.5 * dt * rate * (-h / 0.5).exp();
            h += dt * rate * (-half / 0.5).exp();
        }
        assert!((it.after(0.1, rate, 1e4) - h).abs() < 1e-9, "{} {h}", it.after(0.1, rate, 1e4));
        assert!((it.time(0.1, h, rate) - 1e4).abs() < 1e-3);
        // One step or two.
        let (one, two) = (it.after(0.3, rate, 1e5), it.after(it.after(0.3, rate, 4e4), rate, 6e4));
        assert!((one - two).abs() < 1e-12);
        assert_eq!(it.after(2000.0, rate, 1e9), 2000.0);
        assert_eq!(it.time(1.0, 2.0, 0.0), f64::INFINITY);
    }
}
