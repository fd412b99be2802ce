use std::collections::BTreeMap;

#[derive(Default)]
pub struct Deadlines {
    list: BTreeMap<(u64, u64), &'static str>,
    inserted: u64,
}

impl Deadlines {
    pub fn insert(&mut self, at: u64, name: &'static str) {
        self.inserted += 1;
        self.list.insert((at, self.inserted), name);
    }

    pub fn until_next(&self, now: u64) -> Option<u64> {
        let ((at, _), _) = self.list.first_key_value()?;
        Some(at.saturating_sub(now))
    }

    pub fn expire(&mut self, now: u64) -> Vec<&'static str> {
        let later = self.list.split_off(&(now, u64::MAX));
        std::mem::replace(&mut self.list, later).into_values().collect()
    }
}
