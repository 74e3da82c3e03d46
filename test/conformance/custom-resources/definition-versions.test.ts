// What definitions of several versions are refused for, and what all versions have in common, which upstream holds
// and names apart. Rules: pkg/apis/apiextensions/validation and the conversion of pkg/apis/apiextensions/v1 of
// k8s.io/apiextensions-apiserver. Each case names the function that it pins.

import { useServer } from '../access-support.ts'
import { type DefinitionCase, type Edit, type Json, judged, LABEL, version } from './support.ts'

const call = useServer()

/** A second version like the first, changed. */
const second =
  (more: object = {}): Edit =>
  (d) => {
    d.spec.versions.push({ ...structuredClone(d.spec.versions[0]), name: 'v2', storage: false, ...more })
  }
const both =
  (...edits: readonly Edit[]): Edit =>
  (d) => {
    for (const edit of edits) edit(d)
  }
const withA = (a: Json) => ({
  openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { a } } } },
})
const column = (jsonPath: string): Edit =>
  version({ additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath }] })
const selectable = (...paths: readonly string[]): Edit =>
  version({ selectableFields: paths.map((jsonPath) => ({ jsonPath })) })
const fields =
  (properties: Json): Edit =>
  (d) => {
    d.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties = properties
  }
const many = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`a${i}`, { type: 'string' }]))
const group =
  (name: string, annotation?: string): Edit =>
  (d) => {
    d.spec.group = name
    d.metadata.name = `boats.${name}`
    if (annotation !== undefined) d.metadata.annotations = { 'api-approved.kubernetes.io': annotation }
  }

const cases: readonly DefinitionCase[] = [
  [
    'Convert_v1_CustomResourceDefinitionSpec: schemas that differ are named apart',
    both(second({ schema: withA({ type: 'text' }) })),
    [
      'spec.versions[1].schema.openAPIV3Schema.properties[spec].properties[a].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"',
    ],
  ],
  [
    'Convert_v1_CustomResourceDefinitionSpec: schemas that are the same are named once',
    both(version({ schema: withA({ type: 'text' }) }), second()),
    [
      'spec.validation.openAPIV3Schema.properties[spec].properties[a].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"',
    ],
  ],
  [
    'Convert_v1_CustomResourceDefinitionSpec: one without a schema',
    second({ schema: undefined }),
    ['spec.versions[1].schema.openAPIV3Schema: Required value'],
  ],
  [
    'Convert_v1_CustomResourceDefinitionSpec: none has a schema',
    both(version({ schema: undefined }), second()),
    [
      'spec.versions[0].schema.openAPIV3Schema: Required value',
      'spec.versions[1].schema.openAPIV3Schema: Required value',
    ],
  ],
  [
    'Convert_v1_CustomResourceDefinitionSpec: an empty schema',
    version({ schema: {} }),
    ['spec.versions[0].schema.openAPIV3Schema: Required value'],
  ],
  [
    'validateCustomResourceDefinitionSpec: all that versions lack together',
    both(
      second({
        storage: true,
        name: 'v1',
        deprecated: true,
        deprecationWarning: 'no',
        schema: withA({ type: 'integer', default: 1, minimum: 0 }),
        subresources: { status: {}, scale: { specReplicasPath: '.spec.a', statusReplicasPath: '.status.a' } },
        additionalPrinterColumns: [{ name: 'A', type: 'integer', jsonPath: '.spec.a' }],
        selectableFields: [{ jsonPath: '.spec.a' }],
      }),
    ),
    [
      'spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":true,"Deprecated":false,"DeprecationWarning":null,"Schema":{"OpenAPIV3Schema":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":{"spec":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":{"a":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"string","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":null,"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null},"status":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":null,"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null},{"Name":"v1","Served":true,"Storage":true,"Deprecated":true,"DeprecationWarning":"no","Schema":{"OpenAPIV3Schema":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":{"spec":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":{"a":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"integer","Nullable":false,"Format":"","Title":"","Default":1,"Maximum":null,"ExclusiveMaximum":false,"Minimum":0,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":null,"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"Subresources":{"Status":{},"Scale":{"SpecReplicasPath":".spec.a","StatusReplicasPath":".status.a","LabelSelectorPath":null}},"AdditionalPrinterColumns":[{"Name":"A","Type":"integer","Format":"","Description":"","Priority":0,"JSONPath":".spec.a"}],"SelectableFields":[{"JSONPath":".spec.a"}]}]: must contain unique version names',
      'spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":true,"Deprecated":false,"DeprecationWarning":null,"Schema":{"OpenAPIV3Schema":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":{"spec":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":{"a":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"string","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":null,"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null},"status":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":null,"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null},{"Name":"v1","Served":true,"Storage":true,"Deprecated":true,"DeprecationWarning":"no","Schema":{"OpenAPIV3Schema":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":{"spec":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":{"a":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"integer","Nullable":false,"Format":"","Title":"","Default":1,"Maximum":null,"ExclusiveMaximum":false,"Minimum":0,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":null,"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"Subresources":{"Status":{},"Scale":{"SpecReplicasPath":".spec.a","StatusReplicasPath":".status.a","LabelSelectorPath":null}},"AdditionalPrinterColumns":[{"Name":"A","Type":"integer","Format":"","Description":"","Priority":0,"JSONPath":".spec.a"}],"SelectableFields":[{"JSONPath":".spec.a"}]}]: must have exactly one version marked as storage version',
      'status.storedVersions: Invalid value: ["v1"]: must have the storage version v1',
    ],
  ],
  [
    'validateCustomResourceDefinitionSpec: no storage version',
    version({ storage: false }),
    [
      'spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":false,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}]: must have exactly one version marked as storage version',
      'status.storedVersions: Invalid value: null: must have at least one stored version',
    ],
  ],
  [
    'validateCustomResourceDefinitionSpec: a name that is missing',
    version({ name: undefined }),
    [`spec.versions[0].name: Invalid value: "": ${LABEL}`],
  ],
  [
    'validateCustomResourceDefinitionSpec: a name that is long',
    version({ name: 'v'.repeat(64) }),
    [
      'spec.versions[0].name: Invalid value: "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv": must be no more than 63 characters',
      'spec.version: Invalid value: "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv": must be no more than 63 characters',
    ],
  ],
  [
    'hasStatusEnabled: the status of another version',
    both(second({ schema: withA({ type: 'string' }), subresources: { status: {} } }), (d) => {
      d.spec.versions[0].schema.openAPIV3Schema.minProperties = 1
      d.spec.versions[1].schema.openAPIV3Schema.minProperties = 2
    }),
    [
      'spec.versions[1].schema.openAPIV3Schema: Invalid value: {"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":2,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":{"spec":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":{"a":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"string","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":null,"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}: only [Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the status subresource is enabled',
    ],
  ],
  [
    'hasAnyStatusEnabled: a schema that versions share',
    both(
      (d) => {
        d.spec.versions[0].schema.openAPIV3Schema.minProperties = 1
      },
      second({ subresources: { status: {} } }),
    ),
    [
      'spec.validation.openAPIV3Schema: Invalid value: {"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":1,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":{"spec":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":{"a":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"string","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":null,"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null},"status":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object","Nullable":false,"Format":"","Title":"","Default":null,"Maximum":null,"ExclusiveMaximum":false,"Minimum":null,"ExclusiveMinimum":false,"MaxLength":null,"MinLength":null,"Pattern":"","MaxItems":null,"MinItems":null,"UniqueItems":false,"MultipleOf":null,"Enum":null,"MaxProperties":null,"MinProperties":null,"Required":null,"Items":null,"AllOf":null,"OneOf":null,"AnyOf":null,"Not":null,"Properties":null,"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}},"AdditionalProperties":null,"PatternProperties":null,"Dependencies":null,"AdditionalItems":null,"Definitions":null,"ExternalDocs":null,"Example":null,"XPreserveUnknownFields":null,"XEmbeddedResource":false,"XIntOrString":false,"XListMapKeys":null,"XListType":null,"XMapType":null,"XValidations":null}: only [Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the status subresource is enabled',
    ],
  ],
  ['validateSimpleJSONPath: nothing but the first character is looked at', column('.spec[?(@.a=='), []],
  [
    'validateSimpleJSONPath: no dot',
    column('spec.a'),
    ['spec.additionalPrinterColumns[0].JSONPath: Invalid value: "spec.a": must be a simple json path starting with .'],
  ],
  ['validateSimpleJSONPath: a dot alone', column('.'), []],
  [
    'ValidateCustomResourceColumnDefinition: all that is missing',
    version({ additionalPrinterColumns: [{ format: 'x' }] }),
    [
      'spec.additionalPrinterColumns[0].name: Required value',
      'spec.additionalPrinterColumns[0].type: Required value: must be one of boolean,date,integer,number,string',
      'spec.additionalPrinterColumns[0].format: Invalid value: "x": must be one of byte,date,date-time,double,float,int32,int64,password',
      'spec.additionalPrinterColumns[0].JSONPath: Required value',
    ],
  ],
  [
    'ValidateCustomResourceColumnDefinition: in versions that differ',
    both(column('x'), second({ additionalPrinterColumns: [] })),
    [
      'spec.versions[0].additionalPrinterColumns[0].JSONPath: Invalid value: "x": must be a simple json path starting with .',
    ],
  ],
  [
    'ValidateCustomResourceDefinitionSubresources: paths',
    version({
      subresources: {
        scale: { specReplicasPath: 'a', statusReplicasPath: '.spec.a', labelSelectorPath: '.metadata.a' },
      },
    }),
    [
      'spec.subresources.scale.specReplicasPath: Invalid value: "a": must be a simple json path starting with .',
      'spec.subresources.scale.statusReplicasPath: Invalid value: ".spec.a": should be a json path under .status',
      'spec.subresources.scale.labelSelectorPath: Invalid value: ".metadata.a": should be a json path under either .spec or .status',
    ],
  ],
  [
    'ValidateCustomResourceDefinitionSubresources: no paths',
    version({ subresources: { scale: { labelSelectorPath: '' } } }),
    [
      'spec.subresources.scale.specReplicasPath: Required value',
      'spec.subresources.scale.statusReplicasPath: Required value',
    ],
  ],
  [
    'ValidateCustomResourceDefinitionSubresources: in versions that differ',
    both(
      version({ subresources: { scale: { specReplicasPath: '.spec', statusReplicasPath: '.status.' } } }),
      second({ subresources: {} }),
    ),
    ['spec.versions[0].subresources.scale.specReplicasPath: Invalid value: ".spec": should be a json path under .spec'],
  ],
  [
    'ValidateCustomResourceSelectableFields: the schemas differ, the fields do not',
    both(selectable('.spec.a'), second({ schema: withA({ type: 'integer' }) })),
    ['spec.selectableFields: Invalid value: "": may only be set when validations.schema is included'],
  ],
  [
    'ValidateCustomResourceSelectableFields: the fields differ, the schemas do not',
    both(selectable('.spec.a'), second({ selectableFields: [] })),
    [
      'spec.versions[0].selectableFields: Invalid value: "": may only be set when `version.schema.openAPIV3Schema` is not included',
    ],
  ],
  [
    'ValidateCustomResourceSelectableFields: both differ',
    both(selectable('.spec.b'), second({ schema: withA({ type: 'integer' }), selectableFields: [] })),
    [
      'spec.versions[0].selectableFields[0].jsonPath: Invalid value: ".spec.b": is an invalid path: does not refer to a valid field',
    ],
  ],
  [
    'ValidateCustomResourceSelectableFields: no schema',
    both(version({ schema: undefined }), selectable('.spec.a')),
    [
      'spec.versions[0].schema.openAPIV3Schema: Required value',
      'spec.selectableFields: Invalid value: "": may only be set when validations.schema is included',
    ],
  ],
  [
    'ValidateCustomResourceSelectableFields: paths of all kinds',
    selectable(
      '',
      '.',
      '..',
      'spec.a',
      '.spec.a.',
      ".spec['a']",
      '.spec.a.b',
      '.spec',
      '.kind',
      '.metadata',
      '.status.x',
      '.spec.a',
      '.spec.a',
    ),
    [
      'spec.selectableFields[0].jsonPath: Required value',
      'spec.selectableFields[1].jsonPath: Invalid value: ".": is an invalid path: unexpected end of JSON path',
      'spec.selectableFields[2].jsonPath: Invalid value: "..": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[3].jsonPath: Invalid value: "spec.a": is an invalid path: expected [ or . but got: spec',
      'spec.selectableFields[4].jsonPath: Invalid value: ".spec.a.": is an invalid path: unexpected end of JSON path',
      `spec.selectableFields[5].jsonPath: Invalid value: ".spec['a']": is an invalid path: array notation is not allowed`,
      'spec.selectableFields[6].jsonPath: Invalid value: ".spec.a.b": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[7].jsonPath: Invalid value: ".spec": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      'spec.selectableFields[8].jsonPath: Invalid value: ".kind": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[9].jsonPath: Invalid value: ".metadata": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[10].jsonPath: Invalid value: ".status.x": is an invalid path: does not refer to a valid field',
      'spec.selectableFields[12].jsonPath: Duplicate value: ".spec.a"',
    ],
  ],
  [
    'ValidateCustomResourceSelectableFields: types of all kinds',
    both(
      fields({
        a: { type: 'string', enum: ['x'] },
        b: { type: 'integer', format: 'int64' },
        c: { type: 'boolean' },
        d: { type: 'number' },
        e: { type: 'array', items: { type: 'string' } },
        f: { 'x-kubernetes-int-or-string': true },
        g: { type: 'object', additionalProperties: { type: 'string' } },
      }),
      selectable('.spec.a', '.spec.b', '.spec.c', '.spec.d', '.spec.e', '.spec.f', '.spec.g', '.spec.g.x'),
    ),
    [
      'spec.selectableFields[3].jsonPath: Invalid value: ".spec.d": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      'spec.selectableFields[4].jsonPath: Invalid value: ".spec.e": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      'spec.selectableFields[5].jsonPath: Invalid value: ".spec.f": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      'spec.selectableFields[6].jsonPath: Invalid value: ".spec.g": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
    ],
  ],
  [
    'ValidateCustomResourceSelectableFields: metadata that the schema has',
    both(
      (d) => {
        d.spec.versions[0].schema.openAPIV3Schema.properties.metadata = {
          type: 'object',
          properties: { name: { type: 'string' } },
        }
      },
      selectable('.metadata.name', '.metadata'),
    ),
    [
      'spec.selectableFields[0].jsonPath: Invalid value: ".metadata.name": must not point to fields in metadata',
      'spec.selectableFields[1].jsonPath: Invalid value: ".metadata": must not point to fields in metadata',
      'spec.selectableFields[1].jsonPath: Invalid value: ".metadata": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
    ],
  ],
  [
    'ValidateCustomResourceSelectableFields: eight',
    both(
      fields(many),
      selectable(
        ...Object.keys(many)
          .slice(0, 8)
          .map((name) => `.spec.${name}`),
      ),
    ),
    [],
  ],
  [
    'ValidateCustomResourceSelectableFields: nine',
    both(
      fields(many),
      selectable(
        ...Object.keys(many)
          .slice(0, 9)
          .map((name) => `.spec.${name}`),
      ),
    ),
    ['spec.selectableFields: Too many: 9: must have at most 8 items'],
  ],
  [
    'ValidateCustomResourceSelectableFields: nine of which one twice',
    both(
      fields(many),
      selectable(
        ...Object.keys(many)
          .slice(0, 8)
          .map((name) => `.spec.${name}`),
        '.spec.a0',
      ),
    ),
    ['spec.selectableFields[8].jsonPath: Duplicate value: ".spec.a0"'],
  ],
  [
    'validateAPIApproval: none',
    group('x.k8s.io'),
    [
      'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    ],
  ],
  [
    'validateAPIApproval: empty',
    group('x.kubernetes.io', ''),
    [
      'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    ],
  ],
  [
    'validateAPIApproval: no address',
    group('x.k8s.io', 'yes'),
    [
      'metadata.annotations[api-approved.kubernetes.io]: Invalid value: "yes": protected groups must have approval annotation "api-approved.kubernetes.io" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111',
    ],
  ],
  [
    'validateAPIApproval: a path',
    group('x.k8s.io', '/a/b'),
    [
      'metadata.annotations[api-approved.kubernetes.io]: Invalid value: "/a/b": protected groups must have approval annotation "api-approved.kubernetes.io" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111',
    ],
  ],
  ['validateAPIApproval: an address', group('x.k8s.io', 'https://example.com/1'), []],
  ['validateAPIApproval: bypassed', group('x.k8s.io', 'unapproved, for a test'), []],
  [
    'validateAPIApproval: after everything else',
    both(group('x.k8s.io'), version({ storage: false }), (d) => {
      d.spec.preserveUnknownFields = true
      d.spec.names.listKind = 'Boat'
      d.metadata.name = 'x'
    }),
    [
      'metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group',
      'spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":false,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}]: must have exactly one version marked as storage version',
      'spec.names.listKind: Invalid value: "Boat": kind and listKind may not be the same',
      'status.storedVersions: Invalid value: null: must have at least one stored version',
      'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
      'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    ],
  ],
  [
    'validatePreserveUnknownFields: and conversion',
    (d) => {
      d.spec.preserveUnknownFields = true
      d.spec.conversion = {
        strategy: 'Webhook',
        webhook: { clientConfig: { url: 'https://x' }, conversionReviewVersions: ['v1'] },
      }
    },
    [
      'spec.conversion.strategy: Invalid value: "Webhook": must be None if spec.preserveUnknownFields is true',
      'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    ],
  ],
  [
    'validatePreserveUnknownFields: and defaults',
    (d) => {
      d.spec.preserveUnknownFields = true
      d.spec.versions[0].schema = withA({ type: 'string', default: 'x' })
    },
    [
      'spec.preserveUnknownFields: Invalid value: true: must be false in order to use defaults in the schema',
      'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    ],
  ],
  [
    'validateDeprecationWarning: what cannot be printed',
    version({ deprecated: true, deprecationWarning: 'a\u200bb' }),
    [
      'spec.versions[0].deprecationWarning: Invalid value: "a​b": must only contain printable UTF-8 characters; non-printable character found at index 1',
    ],
  ],
  [
    'validateDeprecationWarning: letters of all scripts',
    version({ deprecated: true, deprecationWarning: 'ä ж 漢 ☃' }),
    [],
  ],
  [
    'validateDeprecationWarning: a space that is none',
    version({ deprecated: true, deprecationWarning: 'a\u00a0b' }),
    [
      'spec.versions[0].deprecationWarning: Invalid value: "a b": must only contain printable UTF-8 characters; non-printable character found at index 1',
    ],
  ],
]

judged(call, cases)
