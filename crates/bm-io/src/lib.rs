//! BlueMarble.
