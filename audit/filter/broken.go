package filter

// Broken says what happens to events while all filters that apply are switched off because of
// faults.
type Broken uint8

const (
	// Keep writes at most Config.KeepRate events a second, and discards the others.
	Keep Broken = iota
	// Discard discards all events.
	Discard
)
