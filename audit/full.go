package audit

// Full is what [Logger.Log] does while the buffer is full.
type Full uint8

const (
	// Drop drops the event and counts it.
	Drop Full = iota
	// Block waits for room, no longer than the context allows. An event whose context ends first
	// is dropped and counted.
	Block
)
