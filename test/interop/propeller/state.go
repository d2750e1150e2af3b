package main

import (
	"bytes"
	"encoding/base64"

	"github.com/flyteorg/flyte/flyteplugins/go/tasks/plugins/webapi/agent"
	"github.com/flyteorg/flyte/flyteplugins/go/tasks/plugins/webapi/connector"
	"github.com/flyteorg/flyte/flytepropeller/pkg/controller/nodes/task/codex"
)

// stateStore is what etcd keeps of a task between rounds: the gob bytes of the plugin's state.
type stateStore struct {
	bytes   []byte
	version uint8
}

// meta reads the agent's resource_meta back out of the state, in base64; "" before the task was created.
func (s *stateStore) meta() string {
	if s.bytes == nil {
		return ""
	}
	resource := struct{ ResourceMeta interface{} }{}
	if _, err := (&stateIO{store: s}).Get(&resource); err != nil {
		return "undecodable: " + err.Error()
	}
	switch wrapper := resource.ResourceMeta.(type) {
	case connector.ResourceMetaWrapper:
		return base64.StdEncoding.EncodeToString(wrapper.ConnectorResourceMeta)
	case agent.ResourceMetaWrapper:
		return base64.StdEncoding.EncodeToString(wrapper.AgentResourceMeta)
	}
	return ""
}

// stateIO is one round's view of the state: what the plugin puts is kept only once it is committed.
type stateIO struct {
	store      *stateStore
	put        *bytes.Buffer
	putVersion uint8
}

func (s *stateIO) Put(version uint8, state interface{}) error {
	s.putVersion = version
	s.put = &bytes.Buffer{}
	return codex.GobStateCodec{}.Encode(state, s.put)
}

func (s *stateIO) Reset() error {
	s.put = nil
	return nil
}

func (s *stateIO) GetStateVersion() uint8 { return s.store.version }

func (s *stateIO) Get(state interface{}) (uint8, error) {
	if s.store.bytes == nil {
		return s.store.version, nil
	}
	return s.store.version, codex.GobStateCodec{}.Decode(bytes.NewBuffer(s.store.bytes), state)
}

func (s *stateIO) commit() {
	if s.put != nil {
		s.store.bytes, s.store.version = s.put.Bytes(), s.putVersion
	}
}

// uncommittedMeta is the resource_meta of a state that was put but not committed yet; "" if there is none.
func (s *stateIO) uncommittedMeta() string {
	if s.put == nil {
		return ""
	}
	return (&stateStore{bytes: s.put.Bytes(), version: s.putVersion}).meta()
}
