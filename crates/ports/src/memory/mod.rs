//! Adapters that live in memory: the reference that every contract is first proven on, and the
//! doubles that tests of the application are built from.
