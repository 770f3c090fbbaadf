package audit

// Full says what [Logger.Log] does while the buffer is full.
type Full uint8

const (
	// Drop makes Log drop the event and count it.
	Drop Full = iota
	// Block makes Log wait for room, no longer than the context allows. An event whose context
	// ends first is dropped and counted.
	Block
)
