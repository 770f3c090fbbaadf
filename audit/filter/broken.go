package filter

// Broken is what becomes of events while all filters that apply are switched off by faults.
type Broken uint8

const (
	// Keep writes the events, at most Config.KeepRate a second, and discards the rest.
	Keep Broken = iota
	// Discard discards them all.
	Discard
)
