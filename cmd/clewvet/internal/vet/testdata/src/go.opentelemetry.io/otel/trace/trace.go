package trace

type TraceID [16]byte

func (t TraceID) String() string { return "" }
func (t TraceID) IsValid() bool  { return true }

type SpanID [8]byte

func (s SpanID) String() string { return "" }
