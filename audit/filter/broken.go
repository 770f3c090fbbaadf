package filter

// Broken says what becomes of events while faults have switched off all filters that apply.
type Broken uint8

const (
	// Keep writes at most Config.KeepRate events a second, and discards the others.
	Keep Broken = iota
	// Discard discards all events.
	Discard
)
