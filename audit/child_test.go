package audit_test

const childEnv = "CLEW_AUDIT_CHILD"

var children = map[string]func(){}
