//! The two jobs that every model of concurrency does here: *download* and *sum*.
