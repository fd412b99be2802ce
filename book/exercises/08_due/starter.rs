use std::collections::BTreeMap;

#[derive(Default)]
pub struct Deadlines {
    list: BTreeMap<u64, &'static str>,
}

impl Deadlines {
    pub fn insert(&mut self, at: u64, name: &'static str) {
        self.list.insert(at, name);
    }

    pub fn until_next(&self, now: u64) -> Option<u64> {
        let (at, _) = self.list.first_key_value()?;
        Some(at.abs_diff(now))
    }

    pub fn expire(&mut self, now: u64) -> Vec<&'static str> {
        let later = self.list.split_off(&now);
        std::mem::replace(&mut self.list, later).into_values().collect()
    }
}
