//! Chance as `CPython` makes it, so that `random(seed=inventory_hostname)` gives every host what Ansible gave it: the
//! Mersenne Twister, seeded from a text or a number.

use sha2::{Digest, Sha512};

const LENGTH: usize = 624;
const MIDDLE: usize = 397;

/// A source of chance.
pub(super) struct Chance {
    state: [u32; LENGTH],
    index: usize,
}

impl Chance {
    /// Seeded with a text.
    pub(super) fn of_text(seed: &str) -> Self {
        let mut bytes = seed.as_bytes().to_vec();
        bytes.extend_from_slice(&Sha512::digest(seed.as_bytes()));
        bytes.reverse();
        let words =
            bytes.chunks(4).map(|chunk| chunk.iter().rev().fold(0u32, |word, byte| (word << 8) | u32::from(*byte)));
        Self::of_words(&words.collect::<Vec<_>>())
    }

    /// Seeded with a number.
    pub(super) fn of_number(seed: u64) -> Self {
        let low = u32::try_from(seed & 0xffff_ffff).unwrap_or(0);
        match u32::try_from(seed >> 32).unwrap_or(0) {
            0 => Self::of_words(&[low]),
            high => Self::of_words(&[low, high]),
        }
    }

    fn of_words(words: &[u32]) -> Self {
        let significant = words.iter().rposition(|word| *word != 0).map_or(1, |last| last + 1);
        let key = &words[..significant.min(words.len()).max(1)];
        let mut chance = Self::of_base(19_650_218);
        let state = &mut chance.state;
        let (mut i, mut j) = (1, 0);
        for _ in 0..LENGTH.max(key.len()) {
            let mixed = (state[i - 1] ^ (state[i - 1] >> 30)).wrapping_mul(1_664_525);
            let index = u32::try_from(j).unwrap_or(0);
            state[i] = (state[i] ^ mixed).wrapping_add(key[j]).wrapping_add(index);
            (i, j) = (i + 1, (j + 1) % key.len());
            if i >= LENGTH {
                state[0] = state[LENGTH - 1];
                i = 1;
            }
        }
        for _ in 1..LENGTH {
            let mixed = (state[i - 1] ^ (state[i - 1] >> 30)).wrapping_mul(1_566_083_941);
            state[i] = (state[i] ^ mixed).wrapping_sub(u32::try_from(i).unwrap_or(0));
            i += 1;
            if i >= LENGTH {
                state[0] = state[LENGTH - 1];
                i = 1;
            }
        }
        state[0] = 0x8000_0000;
        chance
    }

    fn of_base(seed: u32) -> Self {
        let mut state = [0; LENGTH];
        state[0] = seed;
        for i in 1..LENGTH {
            let before = state[i - 1];
            state[i] =
                1_812_433_253u32.wrapping_mul(before ^ (before >> 30)).wrapping_add(u32::try_from(i).unwrap_or(0));
        }
        Self { state, index: LENGTH }
    }

    fn word(&mut self) -> u32 {
        if self.index >= LENGTH {
            self.twist();
        }
        let mut word = self.state[self.index];
        self.index += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn twist(&mut self) {
        for i in 0..LENGTH {
            let joined = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % LENGTH] & 0x7fff_ffff);
            let magic = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + MIDDLE) % LENGTH] ^ (joined >> 1) ^ magic;
        }
        self.index = 0;
    }

    fn bits(&mut self, count: u32) -> u64 {
        if count <= 32 {
            return u64::from(self.word() >> (32 - count));
        }
        let low = u64::from(self.word());
        low | (u64::from(self.word() >> (64 - count)) << 32)
    }

    /// A number below this one, which must not be 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        let count = u64::BITS - limit.leading_zeros();
        loop {
            let number = self.bits(count.max(1));
            if number < limit {
                return number;
            }
        }
    }

    /// An index into so many items, which must not be none.
    pub(super) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// Shuffles in place.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.index(last + 1);
            items.swap(last, other);
        }
    }

    /// A text of so many of these characters.
    pub(super) fn text(&mut self, length: usize, characters: &[char]) -> String {
        (0..length).map(|_| characters[self.index(characters.len())]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_chance_of_python() {
        // random.Random(42).randrange(1000), twice; random.Random("web1").randrange(60)
        let mut chance = Chance::of_number(42);
        assert_eq!((chance.below(1000), chance.below(1000)), (654, 114));
        assert_eq!(Chance::of_text("web1").below(60), 52);
    }
}
