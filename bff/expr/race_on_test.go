//go:build race

package expr

// raceEnabled tells tests of time that everything is slower.
const raceEnabled = true
