package table_test

import (
	"testing"

	"example.com/clew/audit/internal/table"
	"github.com/stretchr/testify/assert"
)

func TestSchema(t *testing.T) {
	assert.Equal(t, `message audit_events {
	required int64 timestamp (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS));
	required binary trace_id (STRING);
	required binary app (STRING);
	required binary message (STRING);
	required group context (MAP) {
		repeated group key_value {
			required binary key (STRING);
			required binary value (STRING);
		}
	}
	required group trace_names (LIST) {
		repeated group list {
			required binary element (STRING);
		}
	}
}`, table.Schema.String())
	assert.Equal(t, [][]string{
		table.Timestamp:    {"timestamp"},
		table.TraceID:      {"trace_id"},
		table.App:          {"app"},
		table.Message:      {"message"},
		table.ContextKey:   {"context", "key_value", "key"},
		table.ContextValue: {"context", "key_value", "value"},
		table.TraceNames:   {"trace_names", "list", "element"},
	}, table.Schema.Columns())
}
