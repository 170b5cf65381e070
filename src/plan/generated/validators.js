// Made by `npm run schema`, with ajv: not to be edited.
export const VALIDATORS = Object.freeze({
'3cdfd32923ef40e42a88bb7958218206dd9f525f597a53cf4447a3aa4a83af23': (schema, units, require) => {
const schema0 = schema;
const func0 = Object.prototype.hasOwnProperty;
const func1 = require("ajv/dist/runtime/ucs2length").default;
const pattern0 = new RegExp("^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$", "u");
const pattern3 = new RegExp("^(\\d+(\\.\\d+)?(B|KB|MB|GB|KiB|MiB|GiB)|.*\\$\\{env:.*)$", "u");
const pattern4 = new RegExp("^memory$", "u");
const keyword0 = units;

function validate0(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
if(data.listeners === undefined){
(vErrors ??= []).push({instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: "listeners"},message:"must have required property '"+"listeners"+"'"});
errors++;
}
for(const key0 in data){
if(!(func0.call(schema0.properties, key0))){
(vErrors ??= []).push({instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"});
errors++;
}
}
if(data.listeners !== undefined){
let data0 = data.listeners;
if(Array.isArray(data0)){
if(data0.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/listeners",schemaPath:"#/properties/listeners/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"});
errors++;
}
const len0 = data0.length;
for(let i0=0; i0<len0; i0++){
let data1 = data0[i0];
if(data1 && typeof data1 == "object" && !Array.isArray(data1)){
if(data1.address === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/listeners/" + i0,schemaPath:"#/properties/listeners/items/required",keyword:"required",params:{missingProperty: "address"},message:"must have required property '"+"address"+"'"});
errors++;
}
for(const key1 in data1){
if(!(((key1 === "address") || (key1 === "tls")) || (key1 === "halfClose"))){
(vErrors ??= []).push({instancePath:instancePath+"/listeners/" + i0,schemaPath:"#/properties/listeners/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties"});
errors++;
}
}
if(data1.address !== undefined){
if(typeof data1.address !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/listeners/" + i0+"/address",schemaPath:"#/properties/listeners/items/properties/address/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data1.tls !== undefined){
let data3 = data1.tls;
if(data3 && typeof data3 == "object" && !Array.isArray(data3)){
for(const key2 in data3){
if(!((key2 === "minVersion") || (key2 === "certificates"))){
(vErrors ??= []).push({instancePath:instancePath+"/listeners/" + i0+"/tls",schemaPath:"#/properties/listeners/items/properties/tls/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2},message:"must NOT have additional properties"});
errors++;
}
}
if(data3.minVersion !== undefined){
let data4 = data3.minVersion;
if(!((data4 === "TLSv1.2") || (data4 === "TLSv1.3"))){
(vErrors ??= []).push({instancePath:instancePath+"/listeners/" + i0+"/tls/minVersion",schemaPath:"#/properties/listeners/items/properties/tls/properties/minVersion/enum",keyword:"enum",params:{allowedValues: schema0.properties.listeners.items.properties.tls.properties.minVersion.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
if(data3.certificates !== undefined){
let data5 = data3.certificates;
if(Array.isArray(data5)){
const len1 = data5.length;
for(let i1=0; i1<len1; i1++){
let data6 = data5[i1];
if(data6 && typeof data6 == "object" && !Array.isArray(data6)){
if(data6.cert === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/listeners/" + i0+"/tls/certificates/" + i1,schemaPath:"#/properties/listeners/items/properties/tls/properties/certificates/items/required",keyword:"required",params:{missingProperty: "cert"},message:"must have required property '"+"cert"+"'"});
errors++;
}
if(data6.key === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/listeners/" + i0+"/tls/certificates/" + i1,schemaPath:"#/properties/listeners/items/properties/tls/properties/certificates/items/required",keyword:"required",params:{missingProperty: "key"},message:"must have required property '"+"key"+"'"});
errors++;
}
for(const key3 in data6){
if(!((key3 === "cert") || (key3 === "key"))){
(vErrors ??= []).push({instancePath:instancePath+"/listeners/" + i0+"/tls/certificates/" + i1,schemaPath:"#/properties/listeners/items/properties/tls/properties/certificates/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties"});
errors++;
}
}
if(data6.cert !== undefined){
let data7 = data6.cert;
if(typeof data7 === "string"){
if(func1(data7) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/listeners/" + i0+"/tls/certificates/" + i1+"/cert",schemaPath:"#/properties/listeners/items/properties/tls/properties/certificates/items/properties/cert/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/listeners/" + i0+"/tls/certificates/" + i1+"/cert",schemaPath:"#/properties/listeners/items/properties/tls/properties/certificates/items/properties/cert/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data6.key !== undefined){
let data8 = data6.key;
if(typeof data8 === "string"){
if(func1(data8) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/listeners/" + i0+"/tls/certificates/" + i1+"/key",schemaPath:"#/properties/listeners/items/properties/tls/properties/certificates/items/properties/key/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/listeners/" + i0+"/tls/certificates/" + i1+"/key",schemaPath:"#/properties/listeners/items/properties/tls/properties/certificates/items/properties/key/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/listeners/" + i0+"/tls/certificates/" + i1,schemaPath:"#/properties/listeners/items/properties/tls/properties/certificates/items/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/listeners/" + i0+"/tls/certificates",schemaPath:"#/properties/listeners/items/properties/tls/properties/certificates/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/listeners/" + i0+"/tls",schemaPath:"#/properties/listeners/items/properties/tls/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data1.halfClose !== undefined){
if(typeof data1.halfClose !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/listeners/" + i0+"/halfClose",schemaPath:"#/properties/listeners/items/properties/halfClose/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/listeners/" + i0,schemaPath:"#/properties/listeners/items/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/listeners",schemaPath:"#/properties/listeners/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
if(data.admin !== undefined){
let data10 = data.admin;
if(data10 && typeof data10 == "object" && !Array.isArray(data10)){
if(data10.address === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/admin",schemaPath:"#/properties/admin/required",keyword:"required",params:{missingProperty: "address"},message:"must have required property '"+"address"+"'"});
errors++;
}
for(const key4 in data10){
if(!(((key4 === "address") || (key4 === "token")) || (key4 === "allowShortSecrets"))){
(vErrors ??= []).push({instancePath:instancePath+"/admin",schemaPath:"#/properties/admin/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key4},message:"must NOT have additional properties"});
errors++;
}
}
if(data10.address !== undefined){
if(typeof data10.address !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/admin/address",schemaPath:"#/properties/admin/properties/address/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data10.token !== undefined){
let data12 = data10.token;
if(typeof data12 === "string"){
if(func1(data12) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/admin/token",schemaPath:"#/properties/admin/properties/token/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/admin/token",schemaPath:"#/properties/admin/properties/token/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data10.allowShortSecrets !== undefined){
if(typeof data10.allowShortSecrets !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/admin/allowShortSecrets",schemaPath:"#/properties/admin/properties/allowShortSecrets/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/admin",schemaPath:"#/properties/admin/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data.threads !== undefined){
let data14 = data.threads;
const _errs34 = errors;
let valid9 = false;
const _errs35 = errors;
if("auto" !== data14){
(vErrors ??= []).push({instancePath:instancePath+"/threads",schemaPath:"#/properties/threads/anyOf/0/const",keyword:"const",params:{allowedValue: "auto"},message:"must be equal to constant"});
errors++;
}
var _valid0 = _errs35 === errors;
valid9 = valid9 || _valid0;
if(!valid9){
const _errs36 = errors;
if(!(((typeof data14 == "number") && (!(data14 % 1) && !isNaN(data14))) && (isFinite(data14)))){
(vErrors ??= []).push({instancePath:instancePath+"/threads",schemaPath:"#/properties/threads/anyOf/1/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data14 == "number") && (isFinite(data14))){
if(data14 > 1024 || isNaN(data14)){
(vErrors ??= []).push({instancePath:instancePath+"/threads",schemaPath:"#/properties/threads/anyOf/1/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1024},message:"must be <= 1024"});
errors++;
}
if(data14 < 1 || isNaN(data14)){
(vErrors ??= []).push({instancePath:instancePath+"/threads",schemaPath:"#/properties/threads/anyOf/1/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"});
errors++;
}
}
var _valid0 = _errs36 === errors;
valid9 = valid9 || _valid0;
}
if(!valid9){
(vErrors ??= []).push({instancePath:instancePath+"/threads",schemaPath:"#/properties/threads/anyOf",keyword:"anyOf",params:{},message:"must match a schema in anyOf"});
errors++;
}
else {
errors = _errs34;
if(vErrors !== null){
if(_errs34){
vErrors.length = _errs34;
}
else {
vErrors = null;
}
}
}
}
if(data.rules !== undefined){
let data15 = data.rules;
if(typeof data15 === "string"){
if(func1(data15) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/rules",schemaPath:"#/properties/rules/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/rules",schemaPath:"#/properties/rules/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data.reload !== undefined){
let data16 = data.reload;
if(data16 && typeof data16 == "object" && !Array.isArray(data16)){
for(const key5 in data16){
if(!(key5 === "settle")){
(vErrors ??= []).push({instancePath:instancePath+"/reload",schemaPath:"#/properties/reload/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key5},message:"must NOT have additional properties"});
errors++;
}
}
if(data16.settle !== undefined){
let data17 = data16.settle;
if(typeof data17 === "string"){
if(!pattern0.test(data17)){
(vErrors ??= []).push({instancePath:instancePath+"/reload/settle",schemaPath:"#/properties/reload/properties/settle/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data17))){
(vErrors ??= []).push({instancePath:instancePath+"/reload/settle",schemaPath:"#/properties/reload/properties/settle/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/reload/settle",schemaPath:"#/properties/reload/properties/settle/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/reload",schemaPath:"#/properties/reload/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data.runtime !== undefined){
let data18 = data.runtime;
if(typeof data18 === "string"){
if(func1(data18) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/runtime",schemaPath:"#/properties/runtime/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/runtime",schemaPath:"#/properties/runtime/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data.state !== undefined){
let data19 = data.state;
if(typeof data19 === "string"){
if(func1(data19) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/state",schemaPath:"#/properties/state/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/state",schemaPath:"#/properties/state/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data.watchdog !== undefined){
let data20 = data.watchdog;
if(data20 && typeof data20 == "object" && !Array.isArray(data20)){
for(const key6 in data20){
if(!(((key6 === "unresponsive") || (key6 === "replace")) || (key6 === "memory"))){
(vErrors ??= []).push({instancePath:instancePath+"/watchdog",schemaPath:"#/properties/watchdog/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key6},message:"must NOT have additional properties"});
errors++;
}
}
if(data20.unresponsive !== undefined){
let data21 = data20.unresponsive;
if(typeof data21 === "string"){
if(!pattern0.test(data21)){
(vErrors ??= []).push({instancePath:instancePath+"/watchdog/unresponsive",schemaPath:"#/properties/watchdog/properties/unresponsive/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data21))){
(vErrors ??= []).push({instancePath:instancePath+"/watchdog/unresponsive",schemaPath:"#/properties/watchdog/properties/unresponsive/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/watchdog/unresponsive",schemaPath:"#/properties/watchdog/properties/unresponsive/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data20.replace !== undefined){
let data22 = data20.replace;
if(typeof data22 === "string"){
if(!pattern0.test(data22)){
(vErrors ??= []).push({instancePath:instancePath+"/watchdog/replace",schemaPath:"#/properties/watchdog/properties/replace/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data22))){
(vErrors ??= []).push({instancePath:instancePath+"/watchdog/replace",schemaPath:"#/properties/watchdog/properties/replace/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/watchdog/replace",schemaPath:"#/properties/watchdog/properties/replace/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data20.memory !== undefined){
let data23 = data20.memory;
if(typeof data23 === "string"){
if(!pattern3.test(data23)){
(vErrors ??= []).push({instancePath:instancePath+"/watchdog/memory",schemaPath:"#/properties/watchdog/properties/memory/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(B|KB|MB|GB|KiB|MiB|GiB)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(B|KB|MB|GB|KiB|MiB|GiB)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["size"].valid(data23))){
(vErrors ??= []).push({instancePath:instancePath+"/watchdog/memory",schemaPath:"#/properties/watchdog/properties/memory/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/watchdog/memory",schemaPath:"#/properties/watchdog/properties/memory/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/watchdog",schemaPath:"#/properties/watchdog/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data.store !== undefined){
let data24 = data.store;
if((typeof data24 !== "string") && (!(data24 && typeof data24 == "object" && !Array.isArray(data24)))){
(vErrors ??= []).push({instancePath:instancePath+"/store",schemaPath:"#/properties/store/type",keyword:"type",params:{type: schema0.properties.store.type},message:"must be string,object"});
errors++;
}
if(typeof data24 === "string"){
if(!pattern4.test(data24)){
(vErrors ??= []).push({instancePath:instancePath+"/store",schemaPath:"#/properties/store/pattern",keyword:"pattern",params:{pattern: "^memory$"},message:"must match pattern \""+"^memory$"+"\""});
errors++;
}
}
if(data24 && typeof data24 == "object" && !Array.isArray(data24)){
if(Object.keys(data24).length > 1){
(vErrors ??= []).push({instancePath:instancePath+"/store",schemaPath:"#/properties/store/maxProperties",keyword:"maxProperties",params:{limit: 1},message:"must NOT have more than 1 properties"});
errors++;
}
if(Object.keys(data24).length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/store",schemaPath:"#/properties/store/minProperties",keyword:"minProperties",params:{limit: 1},message:"must NOT have fewer than 1 properties"});
errors++;
}
for(const key7 in data24){
if(!((key7 === "memory") || (key7 === "redis"))){
(vErrors ??= []).push({instancePath:instancePath+"/store",schemaPath:"#/properties/store/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key7},message:"must NOT have additional properties"});
errors++;
}
}
if(data24.memory !== undefined){
let data25 = data24.memory;
if(data25 && typeof data25 == "object" && !Array.isArray(data25)){
for(const key8 in data25){
if(!((key8 === "nonces") || (key8 === "limits"))){
(vErrors ??= []).push({instancePath:instancePath+"/store/memory",schemaPath:"#/properties/store/properties/memory/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key8},message:"must NOT have additional properties"});
errors++;
}
}
if(data25.nonces !== undefined){
let data26 = data25.nonces;
if(!(((typeof data26 == "number") && (!(data26 % 1) && !isNaN(data26))) && (isFinite(data26)))){
(vErrors ??= []).push({instancePath:instancePath+"/store/memory/nonces",schemaPath:"#/properties/store/properties/memory/properties/nonces/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data26 == "number") && (isFinite(data26))){
if(data26 > 67108864 || isNaN(data26)){
(vErrors ??= []).push({instancePath:instancePath+"/store/memory/nonces",schemaPath:"#/properties/store/properties/memory/properties/nonces/maximum",keyword:"maximum",params:{comparison: "<=", limit: 67108864},message:"must be <= 67108864"});
errors++;
}
if(data26 < 1024 || isNaN(data26)){
(vErrors ??= []).push({instancePath:instancePath+"/store/memory/nonces",schemaPath:"#/properties/store/properties/memory/properties/nonces/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1024},message:"must be >= 1024"});
errors++;
}
}
}
if(data25.limits !== undefined){
let data27 = data25.limits;
if(!(((typeof data27 == "number") && (!(data27 % 1) && !isNaN(data27))) && (isFinite(data27)))){
(vErrors ??= []).push({instancePath:instancePath+"/store/memory/limits",schemaPath:"#/properties/store/properties/memory/properties/limits/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data27 == "number") && (isFinite(data27))){
if(data27 > 16777216 || isNaN(data27)){
(vErrors ??= []).push({instancePath:instancePath+"/store/memory/limits",schemaPath:"#/properties/store/properties/memory/properties/limits/maximum",keyword:"maximum",params:{comparison: "<=", limit: 16777216},message:"must be <= 16777216"});
errors++;
}
if(data27 < 1024 || isNaN(data27)){
(vErrors ??= []).push({instancePath:instancePath+"/store/memory/limits",schemaPath:"#/properties/store/properties/memory/properties/limits/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1024},message:"must be >= 1024"});
errors++;
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/store/memory",schemaPath:"#/properties/store/properties/memory/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data24.redis !== undefined){
let data28 = data24.redis;
if(data28 && typeof data28 == "object" && !Array.isArray(data28)){
if(data28.url === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/store/redis",schemaPath:"#/properties/store/properties/redis/required",keyword:"required",params:{missingProperty: "url"},message:"must have required property '"+"url"+"'"});
errors++;
}
for(const key9 in data28){
if(!(((key9 === "url") || (key9 === "prefix")) || (key9 === "timeout"))){
(vErrors ??= []).push({instancePath:instancePath+"/store/redis",schemaPath:"#/properties/store/properties/redis/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key9},message:"must NOT have additional properties"});
errors++;
}
}
if(data28.url !== undefined){
if(typeof data28.url !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/store/redis/url",schemaPath:"#/properties/store/properties/redis/properties/url/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data28.prefix !== undefined){
if(typeof data28.prefix !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/store/redis/prefix",schemaPath:"#/properties/store/properties/redis/properties/prefix/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data28.timeout !== undefined){
let data31 = data28.timeout;
if(typeof data31 === "string"){
if(!pattern0.test(data31)){
(vErrors ??= []).push({instancePath:instancePath+"/store/redis/timeout",schemaPath:"#/properties/store/properties/redis/properties/timeout/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data31))){
(vErrors ??= []).push({instancePath:instancePath+"/store/redis/timeout",schemaPath:"#/properties/store/properties/redis/properties/timeout/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/store/redis/timeout",schemaPath:"#/properties/store/properties/redis/properties/timeout/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/store/redis",schemaPath:"#/properties/store/properties/redis/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
}
}
if(data.geoip !== undefined){
let data32 = data.geoip;
if(data32 && typeof data32 == "object" && !Array.isArray(data32)){
for(const key10 in data32){
if(!(((key10 === "database") || (key10 === "overrides")) || (key10 === "required"))){
(vErrors ??= []).push({instancePath:instancePath+"/geoip",schemaPath:"#/properties/geoip/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key10},message:"must NOT have additional properties"});
errors++;
}
}
if(data32.database !== undefined){
let data33 = data32.database;
if(typeof data33 === "string"){
if(func1(data33) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/geoip/database",schemaPath:"#/properties/geoip/properties/database/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/geoip/database",schemaPath:"#/properties/geoip/properties/database/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data32.overrides !== undefined){
let data34 = data32.overrides;
if(typeof data34 === "string"){
if(func1(data34) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/geoip/overrides",schemaPath:"#/properties/geoip/properties/overrides/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/geoip/overrides",schemaPath:"#/properties/geoip/properties/overrides/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data32.required !== undefined){
if(typeof data32.required !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/geoip/required",schemaPath:"#/properties/geoip/properties/required/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/geoip",schemaPath:"#/properties/geoip/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data.trustedProxies !== undefined){
let data36 = data.trustedProxies;
if(Array.isArray(data36)){
const len2 = data36.length;
for(let i2=0; i2<len2; i2++){
if(typeof data36[i2] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/trustedProxies/" + i2,schemaPath:"#/properties/trustedProxies/items/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
let i3 = data36.length;
let j0;
if(i3 > 1){
const indices0 = {};
for(;i3--;){
let item0 = data36[i3];
if(typeof item0 !== "string"){
continue;
}
if(typeof indices0[item0] == "number"){
j0 = indices0[item0];
(vErrors ??= []).push({instancePath:instancePath+"/trustedProxies",schemaPath:"#/properties/trustedProxies/uniqueItems",keyword:"uniqueItems",params:{i: i3, j: j0},message:"must NOT have duplicate items (items ## "+j0+" and "+i3+" are identical)"});
errors++;
break;
}
indices0[item0] = i3;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/trustedProxies",schemaPath:"#/properties/trustedProxies/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
if(data.passHeaders !== undefined){
let data38 = data.passHeaders;
if(data38 && typeof data38 == "object" && !Array.isArray(data38)){
for(const key11 in data38){
if(!((key11 === "fromTrusted") || (key11 === "fromAnyone"))){
(vErrors ??= []).push({instancePath:instancePath+"/passHeaders",schemaPath:"#/properties/passHeaders/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key11},message:"must NOT have additional properties"});
errors++;
}
}
if(data38.fromTrusted !== undefined){
let data39 = data38.fromTrusted;
if(Array.isArray(data39)){
const len3 = data39.length;
for(let i4=0; i4<len3; i4++){
let data40 = data39[i4];
if(typeof data40 === "string"){
if(func1(data40) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/passHeaders/fromTrusted/" + i4,schemaPath:"#/properties/passHeaders/properties/fromTrusted/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/passHeaders/fromTrusted/" + i4,schemaPath:"#/properties/passHeaders/properties/fromTrusted/items/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
let i5 = data39.length;
let j1;
if(i5 > 1){
const indices1 = {};
for(;i5--;){
let item1 = data39[i5];
if(typeof item1 !== "string"){
continue;
}
if(typeof indices1[item1] == "number"){
j1 = indices1[item1];
(vErrors ??= []).push({instancePath:instancePath+"/passHeaders/fromTrusted",schemaPath:"#/properties/passHeaders/properties/fromTrusted/uniqueItems",keyword:"uniqueItems",params:{i: i5, j: j1},message:"must NOT have duplicate items (items ## "+j1+" and "+i5+" are identical)"});
errors++;
break;
}
indices1[item1] = i5;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/passHeaders/fromTrusted",schemaPath:"#/properties/passHeaders/properties/fromTrusted/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
if(data38.fromAnyone !== undefined){
let data41 = data38.fromAnyone;
if(Array.isArray(data41)){
const len4 = data41.length;
for(let i6=0; i6<len4; i6++){
let data42 = data41[i6];
if(typeof data42 === "string"){
if(func1(data42) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/passHeaders/fromAnyone/" + i6,schemaPath:"#/properties/passHeaders/properties/fromAnyone/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/passHeaders/fromAnyone/" + i6,schemaPath:"#/properties/passHeaders/properties/fromAnyone/items/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
let i7 = data41.length;
let j2;
if(i7 > 1){
const indices2 = {};
for(;i7--;){
let item2 = data41[i7];
if(typeof item2 !== "string"){
continue;
}
if(typeof indices2[item2] == "number"){
j2 = indices2[item2];
(vErrors ??= []).push({instancePath:instancePath+"/passHeaders/fromAnyone",schemaPath:"#/properties/passHeaders/properties/fromAnyone/uniqueItems",keyword:"uniqueItems",params:{i: i7, j: j2},message:"must NOT have duplicate items (items ## "+j2+" and "+i7+" are identical)"});
errors++;
break;
}
indices2[item2] = i7;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/passHeaders/fromAnyone",schemaPath:"#/properties/passHeaders/properties/fromAnyone/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/passHeaders",schemaPath:"#/properties/passHeaders/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data.log !== undefined){
let data43 = data.log;
if(data43 && typeof data43 == "object" && !Array.isArray(data43)){
for(const key12 in data43){
if(!(((key12 === "level") || (key12 === "format")) || (key12 === "access"))){
(vErrors ??= []).push({instancePath:instancePath+"/log",schemaPath:"#/properties/log/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key12},message:"must NOT have additional properties"});
errors++;
}
}
if(data43.level !== undefined){
let data44 = data43.level;
if(!(((((data44 === "debug") || (data44 === "info")) || (data44 === "warn")) || (data44 === "error")) || (data44 === "silent"))){
(vErrors ??= []).push({instancePath:instancePath+"/log/level",schemaPath:"#/properties/log/properties/level/enum",keyword:"enum",params:{allowedValues: schema0.properties.log.properties.level.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
if(data43.format !== undefined){
let data45 = data43.format;
if(!(((data45 === "json") || (data45 === "ecs")) || (data45 === "pretty"))){
(vErrors ??= []).push({instancePath:instancePath+"/log/format",schemaPath:"#/properties/log/properties/format/enum",keyword:"enum",params:{allowedValues: schema0.properties.log.properties.format.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
if(data43.access !== undefined){
if(typeof data43.access !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/log/access",schemaPath:"#/properties/log/properties/access/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/log",schemaPath:"#/properties/log/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data.limits !== undefined){
let data47 = data.limits;
if(data47 && typeof data47 == "object" && !Array.isArray(data47)){
for(const key13 in data47){
if(!(func0.call(schema0.properties.limits.properties, key13))){
(vErrors ??= []).push({instancePath:instancePath+"/limits",schemaPath:"#/properties/limits/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key13},message:"must NOT have additional properties"});
errors++;
}
}
if(data47.headerSize !== undefined){
let data48 = data47.headerSize;
if(typeof data48 === "string"){
if(!pattern3.test(data48)){
(vErrors ??= []).push({instancePath:instancePath+"/limits/headerSize",schemaPath:"#/properties/limits/properties/headerSize/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(B|KB|MB|GB|KiB|MiB|GiB)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(B|KB|MB|GB|KiB|MiB|GiB)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["size"].valid(data48))){
(vErrors ??= []).push({instancePath:instancePath+"/limits/headerSize",schemaPath:"#/properties/limits/properties/headerSize/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/limits/headerSize",schemaPath:"#/properties/limits/properties/headerSize/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data47.bodySize !== undefined){
let data49 = data47.bodySize;
if(typeof data49 === "string"){
if(!pattern3.test(data49)){
(vErrors ??= []).push({instancePath:instancePath+"/limits/bodySize",schemaPath:"#/properties/limits/properties/bodySize/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(B|KB|MB|GB|KiB|MiB|GiB)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(B|KB|MB|GB|KiB|MiB|GiB)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["size"].valid(data49))){
(vErrors ??= []).push({instancePath:instancePath+"/limits/bodySize",schemaPath:"#/properties/limits/properties/bodySize/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/limits/bodySize",schemaPath:"#/properties/limits/properties/bodySize/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data47.headerTimeout !== undefined){
let data50 = data47.headerTimeout;
if(typeof data50 === "string"){
if(!pattern0.test(data50)){
(vErrors ??= []).push({instancePath:instancePath+"/limits/headerTimeout",schemaPath:"#/properties/limits/properties/headerTimeout/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data50))){
(vErrors ??= []).push({instancePath:instancePath+"/limits/headerTimeout",schemaPath:"#/properties/limits/properties/headerTimeout/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/limits/headerTimeout",schemaPath:"#/properties/limits/properties/headerTimeout/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data47.requestTimeout !== undefined){
let data51 = data47.requestTimeout;
if(typeof data51 === "string"){
if(!pattern0.test(data51)){
(vErrors ??= []).push({instancePath:instancePath+"/limits/requestTimeout",schemaPath:"#/properties/limits/properties/requestTimeout/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data51))){
(vErrors ??= []).push({instancePath:instancePath+"/limits/requestTimeout",schemaPath:"#/properties/limits/properties/requestTimeout/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/limits/requestTimeout",schemaPath:"#/properties/limits/properties/requestTimeout/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data47.uploadRate !== undefined){
let data52 = data47.uploadRate;
if(typeof data52 === "string"){
if(!pattern3.test(data52)){
(vErrors ??= []).push({instancePath:instancePath+"/limits/uploadRate",schemaPath:"#/properties/limits/properties/uploadRate/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(B|KB|MB|GB|KiB|MiB|GiB)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(B|KB|MB|GB|KiB|MiB|GiB)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["size"].valid(data52))){
(vErrors ??= []).push({instancePath:instancePath+"/limits/uploadRate",schemaPath:"#/properties/limits/properties/uploadRate/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/limits/uploadRate",schemaPath:"#/properties/limits/properties/uploadRate/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data47.idleTimeout !== undefined){
let data53 = data47.idleTimeout;
if(typeof data53 === "string"){
if(!pattern0.test(data53)){
(vErrors ??= []).push({instancePath:instancePath+"/limits/idleTimeout",schemaPath:"#/properties/limits/properties/idleTimeout/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data53))){
(vErrors ??= []).push({instancePath:instancePath+"/limits/idleTimeout",schemaPath:"#/properties/limits/properties/idleTimeout/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/limits/idleTimeout",schemaPath:"#/properties/limits/properties/idleTimeout/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data47.connections !== undefined){
let data54 = data47.connections;
const _errs124 = errors;
let valid28 = false;
const _errs125 = errors;
if("auto" !== data54){
(vErrors ??= []).push({instancePath:instancePath+"/limits/connections",schemaPath:"#/properties/limits/properties/connections/anyOf/0/const",keyword:"const",params:{allowedValue: "auto"},message:"must be equal to constant"});
errors++;
}
var _valid1 = _errs125 === errors;
valid28 = valid28 || _valid1;
if(!valid28){
const _errs126 = errors;
if(!(((typeof data54 == "number") && (!(data54 % 1) && !isNaN(data54))) && (isFinite(data54)))){
(vErrors ??= []).push({instancePath:instancePath+"/limits/connections",schemaPath:"#/properties/limits/properties/connections/anyOf/1/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data54 == "number") && (isFinite(data54))){
if(data54 > 10000000 || isNaN(data54)){
(vErrors ??= []).push({instancePath:instancePath+"/limits/connections",schemaPath:"#/properties/limits/properties/connections/anyOf/1/maximum",keyword:"maximum",params:{comparison: "<=", limit: 10000000},message:"must be <= 10000000"});
errors++;
}
if(data54 < 1 || isNaN(data54)){
(vErrors ??= []).push({instancePath:instancePath+"/limits/connections",schemaPath:"#/properties/limits/properties/connections/anyOf/1/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"});
errors++;
}
}
var _valid1 = _errs126 === errors;
valid28 = valid28 || _valid1;
}
if(!valid28){
(vErrors ??= []).push({instancePath:instancePath+"/limits/connections",schemaPath:"#/properties/limits/properties/connections/anyOf",keyword:"anyOf",params:{},message:"must match a schema in anyOf"});
errors++;
}
else {
errors = _errs124;
if(vErrors !== null){
if(_errs124){
vErrors.length = _errs124;
}
else {
vErrors = null;
}
}
}
}
if(data47.drainTimeout !== undefined){
let data55 = data47.drainTimeout;
if(typeof data55 === "string"){
if(!pattern0.test(data55)){
(vErrors ??= []).push({instancePath:instancePath+"/limits/drainTimeout",schemaPath:"#/properties/limits/properties/drainTimeout/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data55))){
(vErrors ??= []).push({instancePath:instancePath+"/limits/drainTimeout",schemaPath:"#/properties/limits/properties/drainTimeout/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/limits/drainTimeout",schemaPath:"#/properties/limits/properties/drainTimeout/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data47.drainGrace !== undefined){
let data56 = data47.drainGrace;
if(typeof data56 === "string"){
if(!pattern0.test(data56)){
(vErrors ??= []).push({instancePath:instancePath+"/limits/drainGrace",schemaPath:"#/properties/limits/properties/drainGrace/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data56))){
(vErrors ??= []).push({instancePath:instancePath+"/limits/drainGrace",schemaPath:"#/properties/limits/properties/drainGrace/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/limits/drainGrace",schemaPath:"#/properties/limits/properties/drainGrace/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data47.policyTimeout !== undefined){
let data57 = data47.policyTimeout;
if(typeof data57 === "string"){
if(!pattern0.test(data57)){
(vErrors ??= []).push({instancePath:instancePath+"/limits/policyTimeout",schemaPath:"#/properties/limits/properties/policyTimeout/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data57))){
(vErrors ??= []).push({instancePath:instancePath+"/limits/policyTimeout",schemaPath:"#/properties/limits/properties/policyTimeout/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/limits/policyTimeout",schemaPath:"#/properties/limits/properties/policyTimeout/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/limits",schemaPath:"#/properties/limits/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
validate0.errors = vErrors;
return errors === 0;
}
return validate0;
},
'd710265b5b69190262cebcc2916de0e3d93cbe0e82a5684003875f5542fd74e6': (schema, units, require) => {
const schema0 = schema;
const pattern0 = new RegExp("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", "u");
const pattern3 = new RegExp("^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$", "u");
const pattern12 = new RegExp("^(\\d+(\\.\\d+)?%|.*\\$\\{env:.*)$", "u");
const pattern14 = new RegExp("^(\\d+(\\.\\d+)?(ms|s|m|h|d)(\\.\\.\\d+(\\.\\d+)?(ms|s|m|h|d))?|.*\\$\\{env:.*)$", "u");
const pattern16 = new RegExp("^/[!-\"$-~]*$", "u");
const pattern19 = new RegExp("^(off|\\d+(\\.\\d+)?%|.*\\$\\{env:.*)$", "u");
const pattern21 = new RegExp("^[^\\s{}$\\x00-\\x1f\\x7f]+$", "u");
const pattern23 = new RegExp("^(\\d+(\\.\\d+)?(B|KB|MB|GB|KiB|MiB|GiB)|.*\\$\\{env:.*)$", "u");
const pattern24 = new RegExp("^(cancel|drain \\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$", "u");
const pattern25 = new RegExp("^/", "u");
const func0 = Object.prototype.hasOwnProperty;
const func1 = require("ajv/dist/runtime/ucs2length").default;
const func2 = require("ajv/dist/runtime/equal").default;
const keyword0 = units;

function validate0(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
for(const key0 in data){
if(!(((((key0 === "regions") || (key0 === "upstreams")) || (key0 === "policies")) || (key0 === "routes")) || (key0 === "tests"))){
(vErrors ??= []).push({instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"});
errors++;
}
}
if(data.regions !== undefined){
let data0 = data.regions;
if(data0 && typeof data0 == "object" && !Array.isArray(data0)){
for(const key1 in data0){
const _errs4 = errors;
if(typeof key1 === "string"){
if(!pattern0.test(key1)){
(vErrors ??= []).push({instancePath:instancePath+"/regions",schemaPath:"#/properties/regions/propertyNames/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},message:"must match pattern \""+"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"+"\"",propertyName:key1});
errors++;
}
}
var valid1 = _errs4 === errors;
if(!valid1){
(vErrors ??= []).push({instancePath:instancePath+"/regions",schemaPath:"#/properties/regions/propertyNames",keyword:"propertyNames",params:{propertyName: key1},message:"property name must be valid"});
errors++;
}
}
for(const key2 in data0){
let data1 = data0[key2];
if(data1 && typeof data1 == "object" && !Array.isArray(data1)){
for(const key3 in data1){
if(!(((key3 === "countries") || (key3 === "continents")) || (key3 === "default"))){
(vErrors ??= []).push({instancePath:instancePath+"/regions/" + key2.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/regions/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties"});
errors++;
}
}
if(data1.countries !== undefined){
let data2 = data1.countries;
if(Array.isArray(data2)){
const len0 = data2.length;
for(let i0=0; i0<len0; i0++){
if(typeof data2[i0] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/regions/" + key2.replace(/~/g, "~0").replace(/\//g, "~1")+"/countries/" + i0,schemaPath:"#/properties/regions/additionalProperties/properties/countries/items/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
let i1 = data2.length;
let j0;
if(i1 > 1){
const indices0 = {};
for(;i1--;){
let item0 = data2[i1];
if(typeof item0 !== "string"){
continue;
}
if(typeof indices0[item0] == "number"){
j0 = indices0[item0];
(vErrors ??= []).push({instancePath:instancePath+"/regions/" + key2.replace(/~/g, "~0").replace(/\//g, "~1")+"/countries",schemaPath:"#/properties/regions/additionalProperties/properties/countries/uniqueItems",keyword:"uniqueItems",params:{i: i1, j: j0},message:"must NOT have duplicate items (items ## "+j0+" and "+i1+" are identical)"});
errors++;
break;
}
indices0[item0] = i1;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/regions/" + key2.replace(/~/g, "~0").replace(/\//g, "~1")+"/countries",schemaPath:"#/properties/regions/additionalProperties/properties/countries/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
if(data1.continents !== undefined){
let data4 = data1.continents;
if(Array.isArray(data4)){
const len1 = data4.length;
for(let i2=0; i2<len1; i2++){
if(typeof data4[i2] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/regions/" + key2.replace(/~/g, "~0").replace(/\//g, "~1")+"/continents/" + i2,schemaPath:"#/properties/regions/additionalProperties/properties/continents/items/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
let i3 = data4.length;
let j1;
if(i3 > 1){
const indices1 = {};
for(;i3--;){
let item1 = data4[i3];
if(typeof item1 !== "string"){
continue;
}
if(typeof indices1[item1] == "number"){
j1 = indices1[item1];
(vErrors ??= []).push({instancePath:instancePath+"/regions/" + key2.replace(/~/g, "~0").replace(/\//g, "~1")+"/continents",schemaPath:"#/properties/regions/additionalProperties/properties/continents/uniqueItems",keyword:"uniqueItems",params:{i: i3, j: j1},message:"must NOT have duplicate items (items ## "+j1+" and "+i3+" are identical)"});
errors++;
break;
}
indices1[item1] = i3;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/regions/" + key2.replace(/~/g, "~0").replace(/\//g, "~1")+"/continents",schemaPath:"#/properties/regions/additionalProperties/properties/continents/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
if(data1.default !== undefined){
if(typeof data1.default !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/regions/" + key2.replace(/~/g, "~0").replace(/\//g, "~1")+"/default",schemaPath:"#/properties/regions/additionalProperties/properties/default/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/regions/" + key2.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/regions/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/regions",schemaPath:"#/properties/regions/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data.upstreams !== undefined){
let data7 = data.upstreams;
if(data7 && typeof data7 == "object" && !Array.isArray(data7)){
for(const key4 in data7){
const _errs21 = errors;
if(typeof key4 === "string"){
if(!pattern0.test(key4)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams",schemaPath:"#/properties/upstreams/propertyNames/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},message:"must match pattern \""+"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"+"\"",propertyName:key4});
errors++;
}
}
var valid10 = _errs21 === errors;
if(!valid10){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams",schemaPath:"#/properties/upstreams/propertyNames",keyword:"propertyNames",params:{propertyName: key4},message:"property name must be valid"});
errors++;
}
}
for(const key5 in data7){
let data8 = data7[key5];
if(data8 && typeof data8 == "object" && !Array.isArray(data8)){
if(data8.endpoints === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/upstreams/additionalProperties/required",keyword:"required",params:{missingProperty: "endpoints"},message:"must have required property '"+"endpoints"+"'"});
errors++;
}
for(const key6 in data8){
if(!(func0.call(schema0.properties.upstreams.additionalProperties.properties, key6))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/upstreams/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key6},message:"must NOT have additional properties"});
errors++;
}
}
if(data8.protocol !== undefined){
let data9 = data8.protocol;
if(!(((data9 === "generic") || (data9 === "anthropic")) || (data9 === "openai"))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/protocol",schemaPath:"#/properties/upstreams/additionalProperties/properties/protocol/enum",keyword:"enum",params:{allowedValues: schema0.properties.upstreams.additionalProperties.properties.protocol.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
if(data8.forwarder !== undefined){
let data10 = data8.forwarder;
if(!((data10 === "http") || (data10 === "http-proxy"))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/forwarder",schemaPath:"#/properties/upstreams/additionalProperties/properties/forwarder/enum",keyword:"enum",params:{allowedValues: schema0.properties.upstreams.additionalProperties.properties.forwarder.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
if(data8.endpoints !== undefined){
let data11 = data8.endpoints;
if(data11 && typeof data11 == "object" && !Array.isArray(data11)){
if(Object.keys(data11).length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/endpoints",schemaPath:"#/properties/upstreams/additionalProperties/properties/endpoints/minProperties",keyword:"minProperties",params:{limit: 1},message:"must NOT have fewer than 1 properties"});
errors++;
}
for(const key7 in data11){
const _errs30 = errors;
if(typeof key7 === "string"){
if(!pattern0.test(key7)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/endpoints",schemaPath:"#/properties/upstreams/additionalProperties/properties/endpoints/propertyNames/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},message:"must match pattern \""+"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"+"\"",propertyName:key7});
errors++;
}
}
var valid13 = _errs30 === errors;
if(!valid13){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/endpoints",schemaPath:"#/properties/upstreams/additionalProperties/properties/endpoints/propertyNames",keyword:"propertyNames",params:{propertyName: key7},message:"property name must be valid"});
errors++;
}
}
for(const key8 in data11){
let data12 = data11[key8];
if(data12 && typeof data12 == "object" && !Array.isArray(data12)){
if(data12.url === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/endpoints/" + key8.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/upstreams/additionalProperties/properties/endpoints/additionalProperties/required",keyword:"required",params:{missingProperty: "url"},message:"must have required property '"+"url"+"'"});
errors++;
}
for(const key9 in data12){
if(!(((key9 === "url") || (key9 === "region")) || (key9 === "weight"))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/endpoints/" + key8.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/upstreams/additionalProperties/properties/endpoints/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key9},message:"must NOT have additional properties"});
errors++;
}
}
if(data12.url !== undefined){
if(typeof data12.url !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/endpoints/" + key8.replace(/~/g, "~0").replace(/\//g, "~1")+"/url",schemaPath:"#/properties/upstreams/additionalProperties/properties/endpoints/additionalProperties/properties/url/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data12.region !== undefined){
let data14 = data12.region;
if(typeof data14 === "string"){
if(func1(data14) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/endpoints/" + key8.replace(/~/g, "~0").replace(/\//g, "~1")+"/region",schemaPath:"#/properties/upstreams/additionalProperties/properties/endpoints/additionalProperties/properties/region/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/endpoints/" + key8.replace(/~/g, "~0").replace(/\//g, "~1")+"/region",schemaPath:"#/properties/upstreams/additionalProperties/properties/endpoints/additionalProperties/properties/region/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data12.weight !== undefined){
let data15 = data12.weight;
if(!(((typeof data15 == "number") && (!(data15 % 1) && !isNaN(data15))) && (isFinite(data15)))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/endpoints/" + key8.replace(/~/g, "~0").replace(/\//g, "~1")+"/weight",schemaPath:"#/properties/upstreams/additionalProperties/properties/endpoints/additionalProperties/properties/weight/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data15 == "number") && (isFinite(data15))){
if(data15 > 1000000 || isNaN(data15)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/endpoints/" + key8.replace(/~/g, "~0").replace(/\//g, "~1")+"/weight",schemaPath:"#/properties/upstreams/additionalProperties/properties/endpoints/additionalProperties/properties/weight/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000},message:"must be <= 1000000"});
errors++;
}
if(data15 < 0 || isNaN(data15)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/endpoints/" + key8.replace(/~/g, "~0").replace(/\//g, "~1")+"/weight",schemaPath:"#/properties/upstreams/additionalProperties/properties/endpoints/additionalProperties/properties/weight/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"});
errors++;
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/endpoints/" + key8.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/upstreams/additionalProperties/properties/endpoints/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/endpoints",schemaPath:"#/properties/upstreams/additionalProperties/properties/endpoints/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data8.choose !== undefined){
let data16 = data8.choose;
if(Array.isArray(data16)){
if(data16.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/choose",schemaPath:"#/properties/upstreams/additionalProperties/properties/choose/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"});
errors++;
}
const len2 = data16.length;
for(let i4=0; i4<len2; i4++){
let data17 = data16[i4];
if(!(((((data17 === "region") || (data17 === "latency")) || (data17 === "weight")) || (data17 === "leastBusy")) || (data17 === "hash"))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/choose/" + i4,schemaPath:"#/properties/upstreams/additionalProperties/properties/choose/items/enum",keyword:"enum",params:{allowedValues: schema0.properties.upstreams.additionalProperties.properties.choose.items.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
let i5 = data16.length;
let j2;
if(i5 > 1){
outer0:
for(;i5--;){
for(j2 = i5; j2--;){
if(func2(data16[i5], data16[j2])){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/choose",schemaPath:"#/properties/upstreams/additionalProperties/properties/choose/uniqueItems",keyword:"uniqueItems",params:{i: i5, j: j2},message:"must NOT have duplicate items (items ## "+j2+" and "+i5+" are identical)"});
errors++;
break outer0;
}
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/choose",schemaPath:"#/properties/upstreams/additionalProperties/properties/choose/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
if(data8.fallback !== undefined){
let data18 = data8.fallback;
if(Array.isArray(data18)){
const len3 = data18.length;
for(let i6=0; i6<len3; i6++){
if(typeof data18[i6] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/fallback/" + i6,schemaPath:"#/properties/upstreams/additionalProperties/properties/fallback/items/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
let i7 = data18.length;
let j3;
if(i7 > 1){
const indices2 = {};
for(;i7--;){
let item2 = data18[i7];
if(typeof item2 !== "string"){
continue;
}
if(typeof indices2[item2] == "number"){
j3 = indices2[item2];
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/fallback",schemaPath:"#/properties/upstreams/additionalProperties/properties/fallback/uniqueItems",keyword:"uniqueItems",params:{i: i7, j: j3},message:"must NOT have duplicate items (items ## "+j3+" and "+i7+" are identical)"});
errors++;
break;
}
indices2[item2] = i7;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/fallback",schemaPath:"#/properties/upstreams/additionalProperties/properties/fallback/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
if(data8.pool !== undefined){
let data20 = data8.pool;
if(data20 && typeof data20 == "object" && !Array.isArray(data20)){
for(const key10 in data20){
if(!((((((key10 === "connections") || (key10 === "queue")) || (key10 === "idle")) || (key10 === "connect")) || (key10 === "tlsHandshake")) || (key10 === "http2"))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key10},message:"must NOT have additional properties"});
errors++;
}
}
if(data20.connections !== undefined){
let data21 = data20.connections;
if(!(((typeof data21 == "number") && (!(data21 % 1) && !isNaN(data21))) && (isFinite(data21)))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/connections",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/connections/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data21 == "number") && (isFinite(data21))){
if(data21 > 65535 || isNaN(data21)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/connections",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/connections/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535"});
errors++;
}
if(data21 < 1 || isNaN(data21)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/connections",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/connections/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"});
errors++;
}
}
}
if(data20.queue !== undefined){
let data22 = data20.queue;
if(data22 && typeof data22 == "object" && !Array.isArray(data22)){
for(const key11 in data22){
if(!((key11 === "max") || (key11 === "wait"))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/queue",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/queue/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key11},message:"must NOT have additional properties"});
errors++;
}
}
if(data22.max !== undefined){
let data23 = data22.max;
if(!(((typeof data23 == "number") && (!(data23 % 1) && !isNaN(data23))) && (isFinite(data23)))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/queue/max",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/queue/properties/max/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data23 == "number") && (isFinite(data23))){
if(data23 > 1000000 || isNaN(data23)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/queue/max",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/queue/properties/max/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000},message:"must be <= 1000000"});
errors++;
}
if(data23 < 0 || isNaN(data23)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/queue/max",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/queue/properties/max/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"});
errors++;
}
}
}
if(data22.wait !== undefined){
let data24 = data22.wait;
if(typeof data24 === "string"){
if(!pattern3.test(data24)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/queue/wait",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/queue/properties/wait/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data24))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/queue/wait",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/queue/properties/wait/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/queue/wait",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/queue/properties/wait/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/queue",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/queue/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data20.idle !== undefined){
let data25 = data20.idle;
if(typeof data25 === "string"){
if(!pattern3.test(data25)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/idle",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/idle/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data25))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/idle",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/idle/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/idle",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/idle/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data20.connect !== undefined){
let data26 = data20.connect;
if(typeof data26 === "string"){
if(!pattern3.test(data26)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/connect",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/connect/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data26))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/connect",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/connect/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/connect",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/connect/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data20.tlsHandshake !== undefined){
let data27 = data20.tlsHandshake;
if(typeof data27 === "string"){
if(!pattern3.test(data27)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/tlsHandshake",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/tlsHandshake/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data27))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/tlsHandshake",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/tlsHandshake/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/tlsHandshake",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/tlsHandshake/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data20.http2 !== undefined){
if(typeof data20.http2 !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool/http2",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/properties/http2/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/pool",schemaPath:"#/properties/upstreams/additionalProperties/properties/pool/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data8.timeouts !== undefined){
let data29 = data8.timeouts;
if(data29 && typeof data29 == "object" && !Array.isArray(data29)){
for(const key12 in data29){
if(!((((key12 === "send") || (key12 === "firstByte")) || (key12 === "idle")) || (key12 === "total"))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/timeouts",schemaPath:"#/properties/upstreams/additionalProperties/properties/timeouts/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key12},message:"must NOT have additional properties"});
errors++;
}
}
if(data29.send !== undefined){
let data30 = data29.send;
if(typeof data30 === "string"){
if(!pattern3.test(data30)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/timeouts/send",schemaPath:"#/properties/upstreams/additionalProperties/properties/timeouts/properties/send/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data30))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/timeouts/send",schemaPath:"#/properties/upstreams/additionalProperties/properties/timeouts/properties/send/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/timeouts/send",schemaPath:"#/properties/upstreams/additionalProperties/properties/timeouts/properties/send/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data29.firstByte !== undefined){
let data31 = data29.firstByte;
if(typeof data31 === "string"){
if(!pattern3.test(data31)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/timeouts/firstByte",schemaPath:"#/properties/upstreams/additionalProperties/properties/timeouts/properties/firstByte/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data31))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/timeouts/firstByte",schemaPath:"#/properties/upstreams/additionalProperties/properties/timeouts/properties/firstByte/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/timeouts/firstByte",schemaPath:"#/properties/upstreams/additionalProperties/properties/timeouts/properties/firstByte/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data29.idle !== undefined){
let data32 = data29.idle;
if(typeof data32 === "string"){
if(!pattern3.test(data32)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/timeouts/idle",schemaPath:"#/properties/upstreams/additionalProperties/properties/timeouts/properties/idle/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data32))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/timeouts/idle",schemaPath:"#/properties/upstreams/additionalProperties/properties/timeouts/properties/idle/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/timeouts/idle",schemaPath:"#/properties/upstreams/additionalProperties/properties/timeouts/properties/idle/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data29.total !== undefined){
let data33 = data29.total;
if(typeof data33 === "string"){
if(!pattern3.test(data33)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/timeouts/total",schemaPath:"#/properties/upstreams/additionalProperties/properties/timeouts/properties/total/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data33))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/timeouts/total",schemaPath:"#/properties/upstreams/additionalProperties/properties/timeouts/properties/total/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/timeouts/total",schemaPath:"#/properties/upstreams/additionalProperties/properties/timeouts/properties/total/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/timeouts",schemaPath:"#/properties/upstreams/additionalProperties/properties/timeouts/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data8.breaker !== undefined){
let data34 = data8.breaker;
if(data34 && typeof data34 == "object" && !Array.isArray(data34)){
for(const key13 in data34){
if(!((((((key13 === "window") || (key13 === "minRequests")) || (key13 === "failureRate")) || (key13 === "openFor")) || (key13 === "probes")) || (key13 === "failures"))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key13},message:"must NOT have additional properties"});
errors++;
}
}
if(data34.window !== undefined){
let data35 = data34.window;
if(typeof data35 === "string"){
if(!pattern3.test(data35)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/window",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/window/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data35))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/window",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/window/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/window",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/window/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data34.minRequests !== undefined){
let data36 = data34.minRequests;
if(!(((typeof data36 == "number") && (!(data36 % 1) && !isNaN(data36))) && (isFinite(data36)))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/minRequests",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/minRequests/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data36 == "number") && (isFinite(data36))){
if(data36 > 1000000 || isNaN(data36)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/minRequests",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/minRequests/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000},message:"must be <= 1000000"});
errors++;
}
if(data36 < 1 || isNaN(data36)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/minRequests",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/minRequests/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"});
errors++;
}
}
}
if(data34.failureRate !== undefined){
let data37 = data34.failureRate;
if(typeof data37 === "string"){
if(!pattern12.test(data37)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/failureRate",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/failureRate/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?%|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?%|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["percent"].valid(data37))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/failureRate",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/failureRate/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/failureRate",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/failureRate/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data34.openFor !== undefined){
let data38 = data34.openFor;
if(typeof data38 === "string"){
if(!pattern3.test(data38)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/openFor",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/openFor/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data38))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/openFor",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/openFor/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/openFor",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/openFor/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data34.probes !== undefined){
let data39 = data34.probes;
if(!(((typeof data39 == "number") && (!(data39 % 1) && !isNaN(data39))) && (isFinite(data39)))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/probes",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/probes/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data39 == "number") && (isFinite(data39))){
if(data39 > 1000 || isNaN(data39)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/probes",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/probes/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000},message:"must be <= 1000"});
errors++;
}
if(data39 < 1 || isNaN(data39)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/probes",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/probes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"});
errors++;
}
}
}
if(data34.failures !== undefined){
let data40 = data34.failures;
if(Array.isArray(data40)){
if(data40.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/failures",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/failures/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"});
errors++;
}
const len4 = data40.length;
for(let i8=0; i8<len4; i8++){
let data41 = data40[i8];
const _errs95 = errors;
let valid28 = false;
const _errs96 = errors;
if(!(((((data41 === "connect") || (data41 === "timeout")) || (data41 === "truncated")) || (data41 === "reset")) || (data41 === "5xx"))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/failures/" + i8,schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/failures/items/anyOf/0/enum",keyword:"enum",params:{allowedValues: schema0.properties.upstreams.additionalProperties.properties.breaker.properties.failures.items.anyOf[0].enum},message:"must be equal to one of the allowed values"});
errors++;
}
var _valid0 = _errs96 === errors;
valid28 = valid28 || _valid0;
if(!valid28){
const _errs97 = errors;
if(!(((typeof data41 == "number") && (!(data41 % 1) && !isNaN(data41))) && (isFinite(data41)))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/failures/" + i8,schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/failures/items/anyOf/1/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data41 == "number") && (isFinite(data41))){
if(data41 > 599 || isNaN(data41)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/failures/" + i8,schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/failures/items/anyOf/1/maximum",keyword:"maximum",params:{comparison: "<=", limit: 599},message:"must be <= 599"});
errors++;
}
if(data41 < 400 || isNaN(data41)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/failures/" + i8,schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/failures/items/anyOf/1/minimum",keyword:"minimum",params:{comparison: ">=", limit: 400},message:"must be >= 400"});
errors++;
}
}
var _valid0 = _errs97 === errors;
valid28 = valid28 || _valid0;
}
if(!valid28){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/failures/" + i8,schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/failures/items/anyOf",keyword:"anyOf",params:{},message:"must match a schema in anyOf"});
errors++;
}
else {
errors = _errs95;
if(vErrors !== null){
if(_errs95){
vErrors.length = _errs95;
}
else {
vErrors = null;
}
}
}
}
let i9 = data40.length;
let j4;
if(i9 > 1){
outer1:
for(;i9--;){
for(j4 = i9; j4--;){
if(func2(data40[i9], data40[j4])){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/failures",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/failures/uniqueItems",keyword:"uniqueItems",params:{i: i9, j: j4},message:"must NOT have duplicate items (items ## "+j4+" and "+i9+" are identical)"});
errors++;
break outer1;
}
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker/failures",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/properties/failures/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/breaker",schemaPath:"#/properties/upstreams/additionalProperties/properties/breaker/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data8.retry !== undefined){
let data42 = data8.retry;
if(data42 && typeof data42 == "object" && !Array.isArray(data42)){
for(const key14 in data42){
if(!(((((key14 === "attempts") || (key14 === "on")) || (key14 === "backoff")) || (key14 === "budget")) || (key14 === "unsafe"))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry",schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key14},message:"must NOT have additional properties"});
errors++;
}
}
if(data42.attempts !== undefined){
let data43 = data42.attempts;
if(!(((typeof data43 == "number") && (!(data43 % 1) && !isNaN(data43))) && (isFinite(data43)))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/attempts",schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/attempts/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data43 == "number") && (isFinite(data43))){
if(data43 > 10 || isNaN(data43)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/attempts",schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/attempts/maximum",keyword:"maximum",params:{comparison: "<=", limit: 10},message:"must be <= 10"});
errors++;
}
if(data43 < 1 || isNaN(data43)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/attempts",schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/attempts/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"});
errors++;
}
}
}
if(data42.on !== undefined){
let data44 = data42.on;
if(Array.isArray(data44)){
if(data44.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/on",schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/on/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"});
errors++;
}
const len5 = data44.length;
for(let i10=0; i10<len5; i10++){
let data45 = data44[i10];
const _errs107 = errors;
let valid33 = false;
const _errs108 = errors;
if(!(((((data45 === "connect") || (data45 === "busy")) || (data45 === "timeout")) || (data45 === "reset")) || (data45 === "5xx"))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/on/" + i10,schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/on/items/anyOf/0/enum",keyword:"enum",params:{allowedValues: schema0.properties.upstreams.additionalProperties.properties.retry.properties.on.items.anyOf[0].enum},message:"must be equal to one of the allowed values"});
errors++;
}
var _valid1 = _errs108 === errors;
valid33 = valid33 || _valid1;
if(!valid33){
const _errs109 = errors;
if(!(((typeof data45 == "number") && (!(data45 % 1) && !isNaN(data45))) && (isFinite(data45)))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/on/" + i10,schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/on/items/anyOf/1/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data45 == "number") && (isFinite(data45))){
if(data45 > 599 || isNaN(data45)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/on/" + i10,schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/on/items/anyOf/1/maximum",keyword:"maximum",params:{comparison: "<=", limit: 599},message:"must be <= 599"});
errors++;
}
if(data45 < 400 || isNaN(data45)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/on/" + i10,schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/on/items/anyOf/1/minimum",keyword:"minimum",params:{comparison: ">=", limit: 400},message:"must be >= 400"});
errors++;
}
}
var _valid1 = _errs109 === errors;
valid33 = valid33 || _valid1;
}
if(!valid33){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/on/" + i10,schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/on/items/anyOf",keyword:"anyOf",params:{},message:"must match a schema in anyOf"});
errors++;
}
else {
errors = _errs107;
if(vErrors !== null){
if(_errs107){
vErrors.length = _errs107;
}
else {
vErrors = null;
}
}
}
}
let i11 = data44.length;
let j5;
if(i11 > 1){
outer2:
for(;i11--;){
for(j5 = i11; j5--;){
if(func2(data44[i11], data44[j5])){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/on",schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/on/uniqueItems",keyword:"uniqueItems",params:{i: i11, j: j5},message:"must NOT have duplicate items (items ## "+j5+" and "+i11+" are identical)"});
errors++;
break outer2;
}
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/on",schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/on/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
if(data42.backoff !== undefined){
let data46 = data42.backoff;
if(typeof data46 === "string"){
if(!pattern14.test(data46)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/backoff",schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/backoff/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)(\\.\\.\\d+(\\.\\d+)?(ms|s|m|h|d))?|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)(\\.\\.\\d+(\\.\\d+)?(ms|s|m|h|d))?|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["durationRange"].valid(data46))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/backoff",schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/backoff/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/backoff",schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/backoff/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data42.budget !== undefined){
let data47 = data42.budget;
if(typeof data47 === "string"){
if(!pattern12.test(data47)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/budget",schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/budget/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?%|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?%|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["percent"].valid(data47))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/budget",schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/budget/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/budget",schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/budget/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data42.unsafe !== undefined){
if(typeof data42.unsafe !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry/unsafe",schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/properties/unsafe/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/retry",schemaPath:"#/properties/upstreams/additionalProperties/properties/retry/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data8.health !== undefined){
let data49 = data8.health;
if(data49 && typeof data49 == "object" && !Array.isArray(data49)){
for(const key15 in data49){
if(!((((((key15 === "path") || (key15 === "every")) || (key15 === "timeout")) || (key15 === "healthy")) || (key15 === "unhealthy")) || (key15 === "panic"))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key15},message:"must NOT have additional properties"});
errors++;
}
}
if(data49.path !== undefined){
let data50 = data49.path;
if(typeof data50 === "string"){
if(!pattern16.test(data50)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/path",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/properties/path/pattern",keyword:"pattern",params:{pattern: "^/[!-\"$-~]*$"},message:"must match pattern \""+"^/[!-\"$-~]*$"+"\""});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/path",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/properties/path/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data49.every !== undefined){
let data51 = data49.every;
if(typeof data51 === "string"){
if(!pattern3.test(data51)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/every",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/properties/every/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data51))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/every",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/properties/every/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/every",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/properties/every/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data49.timeout !== undefined){
let data52 = data49.timeout;
if(typeof data52 === "string"){
if(!pattern3.test(data52)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/timeout",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/properties/timeout/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["duration"].valid(data52))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/timeout",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/properties/timeout/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/timeout",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/properties/timeout/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data49.healthy !== undefined){
let data53 = data49.healthy;
if(!(((typeof data53 == "number") && (!(data53 % 1) && !isNaN(data53))) && (isFinite(data53)))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/healthy",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/properties/healthy/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data53 == "number") && (isFinite(data53))){
if(data53 > 100 || isNaN(data53)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/healthy",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/properties/healthy/maximum",keyword:"maximum",params:{comparison: "<=", limit: 100},message:"must be <= 100"});
errors++;
}
if(data53 < 1 || isNaN(data53)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/healthy",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/properties/healthy/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"});
errors++;
}
}
}
if(data49.unhealthy !== undefined){
let data54 = data49.unhealthy;
if(!(((typeof data54 == "number") && (!(data54 % 1) && !isNaN(data54))) && (isFinite(data54)))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/unhealthy",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/properties/unhealthy/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data54 == "number") && (isFinite(data54))){
if(data54 > 100 || isNaN(data54)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/unhealthy",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/properties/unhealthy/maximum",keyword:"maximum",params:{comparison: "<=", limit: 100},message:"must be <= 100"});
errors++;
}
if(data54 < 1 || isNaN(data54)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/unhealthy",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/properties/unhealthy/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"});
errors++;
}
}
}
if(data49.panic !== undefined){
let data55 = data49.panic;
if(typeof data55 === "string"){
if(!pattern19.test(data55)){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/panic",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/properties/panic/pattern",keyword:"pattern",params:{pattern: "^(off|\\d+(\\.\\d+)?%|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(off|\\d+(\\.\\d+)?%|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["threshold"].valid(data55))){
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/panic",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/properties/panic/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health/panic",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/properties/panic/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1")+"/health",schemaPath:"#/properties/upstreams/additionalProperties/properties/health/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams/" + key5.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/upstreams/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/upstreams",schemaPath:"#/properties/upstreams/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data.policies !== undefined){
let data56 = data.policies;
if(data56 && typeof data56 == "object" && !Array.isArray(data56)){
for(const key16 in data56){
const _errs134 = errors;
if(typeof key16 === "string"){
if(!pattern0.test(key16)){
(vErrors ??= []).push({instancePath:instancePath+"/policies",schemaPath:"#/properties/policies/propertyNames/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},message:"must match pattern \""+"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"+"\"",propertyName:key16});
errors++;
}
}
var valid36 = _errs134 === errors;
if(!valid36){
(vErrors ??= []).push({instancePath:instancePath+"/policies",schemaPath:"#/properties/policies/propertyNames",keyword:"propertyNames",params:{propertyName: key16},message:"property name must be valid"});
errors++;
}
}
for(const key17 in data56){
let data57 = data56[key17];
if(data57 && typeof data57 == "object" && !Array.isArray(data57)){
if(Object.keys(data57).length > 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/maxProperties",keyword:"maxProperties",params:{limit: 1},message:"must NOT have more than 1 properties"});
errors++;
}
if(Object.keys(data57).length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/minProperties",keyword:"minProperties",params:{limit: 1},message:"must NOT have fewer than 1 properties"});
errors++;
}
for(const key18 in data57){
if(!((((((key18 === "headers") || (key18 === "jwt")) || (key18 === "params")) || (key18 === "rateLimit")) || (key18 === "signature")) || (key18 === "versions"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key18},message:"must NOT have additional properties"});
errors++;
}
}
if(data57.headers !== undefined){
let data58 = data57.headers;
if(data58 && typeof data58 == "object" && !Array.isArray(data58)){
if(Object.keys(data58).length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers",schemaPath:"#/properties/policies/additionalProperties/properties/headers/minProperties",keyword:"minProperties",params:{limit: 1},message:"must NOT have fewer than 1 properties"});
errors++;
}
for(const key19 in data58){
if(!((key19 === "request") || (key19 === "response"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers",schemaPath:"#/properties/policies/additionalProperties/properties/headers/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key19},message:"must NOT have additional properties"});
errors++;
}
}
if(data58.request !== undefined){
let data59 = data58.request;
if(data59 && typeof data59 == "object" && !Array.isArray(data59)){
for(const key20 in data59){
if(!((((key20 === "set") || (key20 === "add")) || (key20 === "default")) || (key20 === "remove"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/request",schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/request/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key20},message:"must NOT have additional properties"});
errors++;
}
}
if(data59.set !== undefined){
let data60 = data59.set;
if(data60 && typeof data60 == "object" && !Array.isArray(data60)){
for(const key21 in data60){
if(typeof data60[key21] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/request/set/" + key21.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/request/properties/set/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/request/set",schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/request/properties/set/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data59.add !== undefined){
let data62 = data59.add;
if(data62 && typeof data62 == "object" && !Array.isArray(data62)){
for(const key22 in data62){
if(typeof data62[key22] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/request/add/" + key22.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/request/properties/add/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/request/add",schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/request/properties/add/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data59.default !== undefined){
let data64 = data59.default;
if(data64 && typeof data64 == "object" && !Array.isArray(data64)){
for(const key23 in data64){
if(typeof data64[key23] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/request/default/" + key23.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/request/properties/default/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/request/default",schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/request/properties/default/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data59.remove !== undefined){
let data66 = data59.remove;
if(Array.isArray(data66)){
const len6 = data66.length;
for(let i12=0; i12<len6; i12++){
let data67 = data66[i12];
if(typeof data67 === "string"){
if(func1(data67) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/request/remove/" + i12,schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/request/properties/remove/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/request/remove/" + i12,schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/request/properties/remove/items/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/request/remove",schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/request/properties/remove/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/request",schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/request/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data58.response !== undefined){
let data68 = data58.response;
if(data68 && typeof data68 == "object" && !Array.isArray(data68)){
for(const key24 in data68){
if(!((((key24 === "set") || (key24 === "add")) || (key24 === "default")) || (key24 === "remove"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/response",schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/response/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key24},message:"must NOT have additional properties"});
errors++;
}
}
if(data68.set !== undefined){
let data69 = data68.set;
if(data69 && typeof data69 == "object" && !Array.isArray(data69)){
for(const key25 in data69){
if(typeof data69[key25] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/response/set/" + key25.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/response/properties/set/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/response/set",schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/response/properties/set/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data68.add !== undefined){
let data71 = data68.add;
if(data71 && typeof data71 == "object" && !Array.isArray(data71)){
for(const key26 in data71){
if(typeof data71[key26] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/response/add/" + key26.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/response/properties/add/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/response/add",schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/response/properties/add/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data68.default !== undefined){
let data73 = data68.default;
if(data73 && typeof data73 == "object" && !Array.isArray(data73)){
for(const key27 in data73){
if(typeof data73[key27] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/response/default/" + key27.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/response/properties/default/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/response/default",schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/response/properties/default/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data68.remove !== undefined){
let data75 = data68.remove;
if(Array.isArray(data75)){
const len7 = data75.length;
for(let i13=0; i13<len7; i13++){
let data76 = data75[i13];
if(typeof data76 === "string"){
if(func1(data76) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/response/remove/" + i13,schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/response/properties/remove/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/response/remove/" + i13,schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/response/properties/remove/items/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/response/remove",schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/response/properties/remove/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers/response",schemaPath:"#/properties/policies/additionalProperties/properties/headers/properties/response/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/headers",schemaPath:"#/properties/policies/additionalProperties/properties/headers/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data57.jwt !== undefined){
let data77 = data57.jwt;
if(data77 && typeof data77 == "object" && !Array.isArray(data77)){
if(data77.issuer === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/required",keyword:"required",params:{missingProperty: "issuer"},message:"must have required property '"+"issuer"+"'"});
errors++;
}
if(data77.audience === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/required",keyword:"required",params:{missingProperty: "audience"},message:"must have required property '"+"audience"+"'"});
errors++;
}
if(data77.keys === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/required",keyword:"required",params:{missingProperty: "keys"},message:"must have required property '"+"keys"+"'"});
errors++;
}
for(const key28 in data77){
if(!((((((((key28 === "issuer") || (key28 === "audience")) || (key28 === "keys")) || (key28 === "allowShortSecrets")) || (key28 === "algorithms")) || (key28 === "leeway")) || (key28 === "claims")) || (key28 === "forward"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key28},message:"must NOT have additional properties"});
errors++;
}
}
if(data77.issuer !== undefined){
let data78 = data77.issuer;
if(typeof data78 === "string"){
if(func1(data78) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/issuer",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/issuer/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/issuer",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/issuer/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data77.audience !== undefined){
let data79 = data77.audience;
const _errs192 = errors;
let valid53 = true;
const _errs193 = errors;
if(!(Array.isArray(data79))){
(vErrors ??= []).push({});
errors++;
}
var _valid2 = _errs193 === errors;
errors = _errs192;
if(vErrors !== null){
if(_errs192){
vErrors.length = _errs192;
}
else {
vErrors = null;
}
}
let ifClause0;
if(_valid2){
const _errs195 = errors;
if(Array.isArray(data79)){
if(data79.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/audience",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/audience/then/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"});
errors++;
}
const len8 = data79.length;
for(let i14=0; i14<len8; i14++){
let data80 = data79[i14];
if(typeof data80 === "string"){
if(func1(data80) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/audience/" + i14,schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/audience/then/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/audience/" + i14,schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/audience/then/items/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
let i15 = data79.length;
let j6;
if(i15 > 1){
const indices3 = {};
for(;i15--;){
let item3 = data79[i15];
if(typeof item3 !== "string"){
continue;
}
if(typeof indices3[item3] == "number"){
j6 = indices3[item3];
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/audience",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/audience/then/uniqueItems",keyword:"uniqueItems",params:{i: i15, j: j6},message:"must NOT have duplicate items (items ## "+j6+" and "+i15+" are identical)"});
errors++;
break;
}
indices3[item3] = i15;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/audience",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/audience/then/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
var _valid2 = _errs195 === errors;
valid53 = _valid2;
ifClause0 = "then";
}
else {
const _errs199 = errors;
if(typeof data79 === "string"){
if(func1(data79) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/audience",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/audience/else/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/audience",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/audience/else/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
var _valid2 = _errs199 === errors;
valid53 = _valid2;
ifClause0 = "else";
}
if(!valid53){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/audience",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/audience/if",keyword:"if",params:{failingKeyword: ifClause0},message:"must match \""+ifClause0+"\" schema"});
errors++;
}
}
if(data77.keys !== undefined){
let data81 = data77.keys;
if(data81 && typeof data81 == "object" && !Array.isArray(data81)){
if(Object.keys(data81).length > 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/keys",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/keys/maxProperties",keyword:"maxProperties",params:{limit: 1},message:"must NOT have more than 1 properties"});
errors++;
}
if(Object.keys(data81).length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/keys",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/keys/minProperties",keyword:"minProperties",params:{limit: 1},message:"must NOT have fewer than 1 properties"});
errors++;
}
for(const key29 in data81){
if(!(((key29 === "file") || (key29 === "url")) || (key29 === "secrets"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/keys",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/keys/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key29},message:"must NOT have additional properties"});
errors++;
}
}
if(data81.file !== undefined){
let data82 = data81.file;
if(typeof data82 === "string"){
if(func1(data82) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/keys/file",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/keys/properties/file/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/keys/file",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/keys/properties/file/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data81.url !== undefined){
let data83 = data81.url;
if(typeof data83 === "string"){
if(func1(data83) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/keys/url",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/keys/properties/url/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/keys/url",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/keys/properties/url/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data81.secrets !== undefined){
let data84 = data81.secrets;
if(Array.isArray(data84)){
if(data84.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/keys/secrets",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/keys/properties/secrets/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"});
errors++;
}
const len9 = data84.length;
for(let i16=0; i16<len9; i16++){
let data85 = data84[i16];
if(typeof data85 === "string"){
if(func1(data85) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/keys/secrets/" + i16,schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/keys/properties/secrets/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/keys/secrets/" + i16,schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/keys/properties/secrets/items/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/keys/secrets",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/keys/properties/secrets/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/keys",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/keys/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data77.allowShortSecrets !== undefined){
if(typeof data77.allowShortSecrets !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/allowShortSecrets",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/allowShortSecrets/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"});
errors++;
}
}
if(data77.algorithms !== undefined){
let data87 = data77.algorithms;
if(Array.isArray(data87)){
if(data87.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/algorithms",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/algorithms/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"});
errors++;
}
const len10 = data87.length;
for(let i17=0; i17<len10; i17++){
let data88 = data87[i17];
if(!((((((((((((((data88 === "RS256") || (data88 === "RS384")) || (data88 === "RS512")) || (data88 === "PS256")) || (data88 === "PS384")) || (data88 === "PS512")) || (data88 === "ES256")) || (data88 === "ES384")) || (data88 === "ES512")) || (data88 === "EdDSA")) || (data88 === "Ed25519")) || (data88 === "HS256")) || (data88 === "HS384")) || (data88 === "HS512"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/algorithms/" + i17,schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/algorithms/items/enum",keyword:"enum",params:{allowedValues: schema0.properties.policies.additionalProperties.properties.jwt.properties.algorithms.items.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
let i18 = data87.length;
let j7;
if(i18 > 1){
outer3:
for(;i18--;){
for(j7 = i18; j7--;){
if(func2(data87[i18], data87[j7])){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/algorithms",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/algorithms/uniqueItems",keyword:"uniqueItems",params:{i: i18, j: j7},message:"must NOT have duplicate items (items ## "+j7+" and "+i18+" are identical)"});
errors++;
break outer3;
}
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/algorithms",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/algorithms/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
if(data77.leeway !== undefined){
if(typeof data77.leeway !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/leeway",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/leeway/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data77.claims !== undefined){
let data90 = data77.claims;
if(Array.isArray(data90)){
const len11 = data90.length;
for(let i19=0; i19<len11; i19++){
let data91 = data90[i19];
if(typeof data91 === "string"){
if(!pattern21.test(data91)){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/claims/" + i19,schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/claims/items/pattern",keyword:"pattern",params:{pattern: "^[^\\s{}$\\x00-\\x1f\\x7f]+$"},message:"must match pattern \""+"^[^\\s{}$\\x00-\\x1f\\x7f]+$"+"\""});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/claims/" + i19,schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/claims/items/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
let i20 = data90.length;
let j8;
if(i20 > 1){
const indices4 = {};
for(;i20--;){
let item4 = data90[i20];
if(typeof item4 !== "string"){
continue;
}
if(typeof indices4[item4] == "number"){
j8 = indices4[item4];
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/claims",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/claims/uniqueItems",keyword:"uniqueItems",params:{i: i20, j: j8},message:"must NOT have duplicate items (items ## "+j8+" and "+i20+" are identical)"});
errors++;
break;
}
indices4[item4] = i20;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/claims",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/claims/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
if(data77.forward !== undefined){
if(typeof data77.forward !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt/forward",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/properties/forward/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/jwt",schemaPath:"#/properties/policies/additionalProperties/properties/jwt/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data57.params !== undefined){
let data93 = data57.params;
if(data93 && typeof data93 == "object" && !Array.isArray(data93)){
if(data93.allow === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/params",schemaPath:"#/properties/policies/additionalProperties/properties/params/required",keyword:"required",params:{missingProperty: "allow"},message:"must have required property '"+"allow"+"'"});
errors++;
}
for(const key30 in data93){
if(!(((key30 === "allow") || (key30 === "unknown")) || (key30 === "nonJson"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/params",schemaPath:"#/properties/policies/additionalProperties/properties/params/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key30},message:"must NOT have additional properties"});
errors++;
}
}
if(data93.allow !== undefined){
let data94 = data93.allow;
if(Array.isArray(data94)){
if(data94.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/params/allow",schemaPath:"#/properties/policies/additionalProperties/properties/params/properties/allow/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"});
errors++;
}
const len12 = data94.length;
for(let i21=0; i21<len12; i21++){
if(typeof data94[i21] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/params/allow/" + i21,schemaPath:"#/properties/policies/additionalProperties/properties/params/properties/allow/items/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
let i22 = data94.length;
let j9;
if(i22 > 1){
const indices5 = {};
for(;i22--;){
let item5 = data94[i22];
if(typeof item5 !== "string"){
continue;
}
if(typeof indices5[item5] == "number"){
j9 = indices5[item5];
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/params/allow",schemaPath:"#/properties/policies/additionalProperties/properties/params/properties/allow/uniqueItems",keyword:"uniqueItems",params:{i: i22, j: j9},message:"must NOT have duplicate items (items ## "+j9+" and "+i22+" are identical)"});
errors++;
break;
}
indices5[item5] = i22;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/params/allow",schemaPath:"#/properties/policies/additionalProperties/properties/params/properties/allow/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
if(data93.unknown !== undefined){
let data96 = data93.unknown;
if(!((data96 === "drop") || (data96 === "reject"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/params/unknown",schemaPath:"#/properties/policies/additionalProperties/properties/params/properties/unknown/enum",keyword:"enum",params:{allowedValues: schema0.properties.policies.additionalProperties.properties.params.properties.unknown.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
if(data93.nonJson !== undefined){
let data97 = data93.nonJson;
if(!((data97 === "reject") || (data97 === "pass"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/params/nonJson",schemaPath:"#/properties/policies/additionalProperties/properties/params/properties/nonJson/enum",keyword:"enum",params:{allowedValues: schema0.properties.policies.additionalProperties.properties.params.properties.nonJson.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/params",schemaPath:"#/properties/policies/additionalProperties/properties/params/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data57.rateLimit !== undefined){
let data98 = data57.rateLimit;
if(data98 && typeof data98 == "object" && !Array.isArray(data98)){
if(data98.key === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/rateLimit",schemaPath:"#/properties/policies/additionalProperties/properties/rateLimit/required",keyword:"required",params:{missingProperty: "key"},message:"must have required property '"+"key"+"'"});
errors++;
}
if(data98.limit === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/rateLimit",schemaPath:"#/properties/policies/additionalProperties/properties/rateLimit/required",keyword:"required",params:{missingProperty: "limit"},message:"must have required property '"+"limit"+"'"});
errors++;
}
for(const key31 in data98){
if(!((((((key31 === "key") || (key31 === "limit")) || (key31 === "burst")) || (key31 === "algorithm")) || (key31 === "headers")) || (key31 === "onStoreError"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/rateLimit",schemaPath:"#/properties/policies/additionalProperties/properties/rateLimit/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key31},message:"must NOT have additional properties"});
errors++;
}
}
if(data98.key !== undefined){
let data99 = data98.key;
if(typeof data99 === "string"){
if(func1(data99) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/rateLimit/key",schemaPath:"#/properties/policies/additionalProperties/properties/rateLimit/properties/key/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/rateLimit/key",schemaPath:"#/properties/policies/additionalProperties/properties/rateLimit/properties/key/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data98.limit !== undefined){
if(typeof data98.limit !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/rateLimit/limit",schemaPath:"#/properties/policies/additionalProperties/properties/rateLimit/properties/limit/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data98.burst !== undefined){
let data101 = data98.burst;
if(!(((typeof data101 == "number") && (!(data101 % 1) && !isNaN(data101))) && (isFinite(data101)))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/rateLimit/burst",schemaPath:"#/properties/policies/additionalProperties/properties/rateLimit/properties/burst/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data101 == "number") && (isFinite(data101))){
if(data101 < 1 || isNaN(data101)){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/rateLimit/burst",schemaPath:"#/properties/policies/additionalProperties/properties/rateLimit/properties/burst/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"});
errors++;
}
}
}
if(data98.algorithm !== undefined){
let data102 = data98.algorithm;
if(!((data102 === "tokenBucket") || (data102 === "slidingWindow"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/rateLimit/algorithm",schemaPath:"#/properties/policies/additionalProperties/properties/rateLimit/properties/algorithm/enum",keyword:"enum",params:{allowedValues: schema0.properties.policies.additionalProperties.properties.rateLimit.properties.algorithm.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
if(data98.headers !== undefined){
let data103 = data98.headers;
if(!((((data103 === "standard") || (data103 === "legacy")) || (data103 === "both")) || (data103 === "none"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/rateLimit/headers",schemaPath:"#/properties/policies/additionalProperties/properties/rateLimit/properties/headers/enum",keyword:"enum",params:{allowedValues: schema0.properties.policies.additionalProperties.properties.rateLimit.properties.headers.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
if(data98.onStoreError !== undefined){
let data104 = data98.onStoreError;
if(!(((data104 === "allow") || (data104 === "deny")) || (data104 === "local"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/rateLimit/onStoreError",schemaPath:"#/properties/policies/additionalProperties/properties/rateLimit/properties/onStoreError/enum",keyword:"enum",params:{allowedValues: schema0.properties.policies.additionalProperties.properties.rateLimit.properties.onStoreError.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/rateLimit",schemaPath:"#/properties/policies/additionalProperties/properties/rateLimit/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data57.signature !== undefined){
let data105 = data57.signature;
if(data105 && typeof data105 == "object" && !Array.isArray(data105)){
if(data105.keys === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature",schemaPath:"#/properties/policies/additionalProperties/properties/signature/required",keyword:"required",params:{missingProperty: "keys"},message:"must have required property '"+"keys"+"'"});
errors++;
}
if(data105.sign === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature",schemaPath:"#/properties/policies/additionalProperties/properties/signature/required",keyword:"required",params:{missingProperty: "sign"},message:"must have required property '"+"sign"+"'"});
errors++;
}
for(const key32 in data105){
if(!(func0.call(schema0.properties.policies.additionalProperties.properties.signature.properties, key32))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature",schemaPath:"#/properties/policies/additionalProperties/properties/signature/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key32},message:"must NOT have additional properties"});
errors++;
}
}
if(data105.keys !== undefined){
let data106 = data105.keys;
if(data106 && typeof data106 == "object" && !Array.isArray(data106)){
if(Object.keys(data106).length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/keys",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/keys/minProperties",keyword:"minProperties",params:{limit: 1},message:"must NOT have fewer than 1 properties"});
errors++;
}
for(const key33 in data106){
let data107 = data106[key33];
if(typeof data107 === "string"){
if(func1(data107) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/keys/" + key33.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/keys/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/keys/" + key33.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/keys/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/keys",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/keys/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data105.allowShortSecrets !== undefined){
if(typeof data105.allowShortSecrets !== "boolean"){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/allowShortSecrets",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/allowShortSecrets/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"});
errors++;
}
}
if(data105.headers !== undefined){
let data109 = data105.headers;
if(data109 && typeof data109 == "object" && !Array.isArray(data109)){
for(const key34 in data109){
if(!((((key34 === "key") || (key34 === "timestamp")) || (key34 === "nonce")) || (key34 === "signature"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/headers",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/headers/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key34},message:"must NOT have additional properties"});
errors++;
}
}
if(data109.key !== undefined){
let data110 = data109.key;
if((typeof data110 !== "string") && (typeof data110 !== "boolean")){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/headers/key",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/headers/properties/key/type",keyword:"type",params:{type: schema0.properties.policies.additionalProperties.properties.signature.properties.headers.properties.key.type},message:"must be string,boolean"});
errors++;
}
const _errs261 = errors;
const _errs262 = errors;
if(!((data110 === true) || (data110 === ""))){
(vErrors ??= []).push({});
errors++;
}
var valid74 = _errs262 === errors;
if(valid74){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/headers/key",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/headers/properties/key/not",keyword:"not",params:{},message:"must NOT be valid"});
errors++;
}
else {
errors = _errs261;
if(vErrors !== null){
if(_errs261){
vErrors.length = _errs261;
}
else {
vErrors = null;
}
}
}
}
if(data109.timestamp !== undefined){
let data111 = data109.timestamp;
if(typeof data111 === "string"){
if(func1(data111) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/headers/timestamp",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/headers/properties/timestamp/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/headers/timestamp",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/headers/properties/timestamp/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data109.nonce !== undefined){
let data112 = data109.nonce;
if(typeof data112 === "string"){
if(func1(data112) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/headers/nonce",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/headers/properties/nonce/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/headers/nonce",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/headers/properties/nonce/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data109.signature !== undefined){
let data113 = data109.signature;
if(typeof data113 === "string"){
if(func1(data113) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/headers/signature",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/headers/properties/signature/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/headers/signature",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/headers/properties/signature/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/headers",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/headers/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data105.sign !== undefined){
let data114 = data105.sign;
if(typeof data114 === "string"){
if(func1(data114) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/sign",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/sign/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/sign",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/sign/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data105.algorithm !== undefined){
let data115 = data105.algorithm;
if(!(((data115 === "hmac-sha256") || (data115 === "hmac-sha384")) || (data115 === "hmac-sha512"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/algorithm",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/algorithm/enum",keyword:"enum",params:{allowedValues: schema0.properties.policies.additionalProperties.properties.signature.properties.algorithm.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
if(data105.encoding !== undefined){
let data116 = data105.encoding;
if(!(((data116 === "base64") || (data116 === "base64url")) || (data116 === "hex"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/encoding",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/encoding/enum",keyword:"enum",params:{allowedValues: schema0.properties.policies.additionalProperties.properties.signature.properties.encoding.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
if(data105.timestamp !== undefined){
let data117 = data105.timestamp;
if(!(((data117 === "unix") || (data117 === "unixMillis")) || (data117 === "rfc3339"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/timestamp",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/timestamp/enum",keyword:"enum",params:{allowedValues: schema0.properties.policies.additionalProperties.properties.signature.properties.timestamp.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
if(data105.window !== undefined){
if(typeof data105.window !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/window",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/window/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data105.nonceLength !== undefined){
let data119 = data105.nonceLength;
if(!(((typeof data119 == "number") && (!(data119 % 1) && !isNaN(data119))) && (isFinite(data119)))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/nonceLength",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/nonceLength/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data119 == "number") && (isFinite(data119))){
if(data119 > 128 || isNaN(data119)){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/nonceLength",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/nonceLength/maximum",keyword:"maximum",params:{comparison: "<=", limit: 128},message:"must be <= 128"});
errors++;
}
if(data119 < 8 || isNaN(data119)){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/nonceLength",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/nonceLength/minimum",keyword:"minimum",params:{comparison: ">=", limit: 8},message:"must be >= 8"});
errors++;
}
}
}
if(data105.replay !== undefined){
let data120 = data105.replay;
if(!(((data120 === "nonce") || (data120 === "signature")) || (data120 === "off"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/replay",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/replay/enum",keyword:"enum",params:{allowedValues: schema0.properties.policies.additionalProperties.properties.signature.properties.replay.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
if(data105.beforeStart !== undefined){
let data121 = data105.beforeStart;
if(!((data121 === "refuse") || (data121 === "accept"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/beforeStart",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/beforeStart/enum",keyword:"enum",params:{allowedValues: schema0.properties.policies.additionalProperties.properties.signature.properties.beforeStart.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
if(data105.onStoreError !== undefined){
let data122 = data105.onStoreError;
if(!(((data122 === "deny") || (data122 === "allow")) || (data122 === "local"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature/onStoreError",schemaPath:"#/properties/policies/additionalProperties/properties/signature/properties/onStoreError/enum",keyword:"enum",params:{allowedValues: schema0.properties.policies.additionalProperties.properties.signature.properties.onStoreError.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/signature",schemaPath:"#/properties/policies/additionalProperties/properties/signature/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data57.versions !== undefined){
let data123 = data57.versions;
if(data123 && typeof data123 == "object" && !Array.isArray(data123)){
if(data123.map === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/versions",schemaPath:"#/properties/policies/additionalProperties/properties/versions/required",keyword:"required",params:{missingProperty: "map"},message:"must have required property '"+"map"+"'"});
errors++;
}
for(const key35 in data123){
if(!((key35 === "map") || (key35 === "unknown"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/versions",schemaPath:"#/properties/policies/additionalProperties/properties/versions/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key35},message:"must NOT have additional properties"});
errors++;
}
}
if(data123.map !== undefined){
let data124 = data123.map;
if(data124 && typeof data124 == "object" && !Array.isArray(data124)){
if(Object.keys(data124).length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/versions/map",schemaPath:"#/properties/policies/additionalProperties/properties/versions/properties/map/minProperties",keyword:"minProperties",params:{limit: 1},message:"must NOT have fewer than 1 properties"});
errors++;
}
for(const key36 in data124){
let data125 = data124[key36];
const _errs288 = errors;
let valid77 = true;
const _errs289 = errors;
if(!(data125 && typeof data125 == "object" && !Array.isArray(data125))){
(vErrors ??= []).push({});
errors++;
}
var _valid3 = _errs289 === errors;
errors = _errs288;
if(vErrors !== null){
if(_errs288){
vErrors.length = _errs288;
}
else {
vErrors = null;
}
}
let ifClause1;
if(_valid3){
const _errs291 = errors;
if(data125 && typeof data125 == "object" && !Array.isArray(data125)){
if(data125.upstream === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/versions/map/" + key36.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/properties/versions/properties/map/additionalProperties/then/required",keyword:"required",params:{missingProperty: "upstream"},message:"must have required property '"+"upstream"+"'"});
errors++;
}
for(const key37 in data125){
if(!((key37 === "upstream") || (key37 === "path"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/versions/map/" + key36.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/properties/versions/properties/map/additionalProperties/then/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key37},message:"must NOT have additional properties"});
errors++;
}
}
if(data125.upstream !== undefined){
if(typeof data125.upstream !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/versions/map/" + key36.replace(/~/g, "~0").replace(/\//g, "~1")+"/upstream",schemaPath:"#/properties/policies/additionalProperties/properties/versions/properties/map/additionalProperties/then/properties/upstream/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data125.path !== undefined){
let data127 = data125.path;
if(typeof data127 === "string"){
if(func1(data127) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/versions/map/" + key36.replace(/~/g, "~0").replace(/\//g, "~1")+"/path",schemaPath:"#/properties/policies/additionalProperties/properties/versions/properties/map/additionalProperties/then/properties/path/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/versions/map/" + key36.replace(/~/g, "~0").replace(/\//g, "~1")+"/path",schemaPath:"#/properties/policies/additionalProperties/properties/versions/properties/map/additionalProperties/then/properties/path/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/versions/map/" + key36.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/properties/versions/properties/map/additionalProperties/then/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
var _valid3 = _errs291 === errors;
valid77 = _valid3;
ifClause1 = "then";
}
else {
const _errs298 = errors;
if(typeof data125 === "string"){
if(func1(data125) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/versions/map/" + key36.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/properties/versions/properties/map/additionalProperties/else/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/versions/map/" + key36.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/properties/versions/properties/map/additionalProperties/else/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
var _valid3 = _errs298 === errors;
valid77 = _valid3;
ifClause1 = "else";
}
if(!valid77){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/versions/map/" + key36.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/properties/versions/properties/map/additionalProperties/if",keyword:"if",params:{failingKeyword: ifClause1},message:"must match \""+ifClause1+"\" schema"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/versions/map",schemaPath:"#/properties/policies/additionalProperties/properties/versions/properties/map/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data123.unknown !== undefined){
let data128 = data123.unknown;
if(!((data128 === "pass") || (data128 === "reject"))){
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/versions/unknown",schemaPath:"#/properties/policies/additionalProperties/properties/versions/properties/unknown/enum",keyword:"enum",params:{allowedValues: schema0.properties.policies.additionalProperties.properties.versions.properties.unknown.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1")+"/versions",schemaPath:"#/properties/policies/additionalProperties/properties/versions/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies/" + key17.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/policies/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/policies",schemaPath:"#/properties/policies/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data.routes !== undefined){
let data129 = data.routes;
if(data129 && typeof data129 == "object" && !Array.isArray(data129)){
for(const key38 in data129){
const _errs303 = errors;
if(typeof key38 === "string"){
if(!pattern0.test(key38)){
(vErrors ??= []).push({instancePath:instancePath+"/routes",schemaPath:"#/properties/routes/propertyNames/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},message:"must match pattern \""+"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"+"\"",propertyName:key38});
errors++;
}
}
var valid79 = _errs303 === errors;
if(!valid79){
(vErrors ??= []).push({instancePath:instancePath+"/routes",schemaPath:"#/properties/routes/propertyNames",keyword:"propertyNames",params:{propertyName: key38},message:"property name must be valid"});
errors++;
}
}
for(const key39 in data129){
let data130 = data129[key39];
if(data130 && typeof data130 == "object" && !Array.isArray(data130)){
for(const key40 in data130){
if(!((((((((key40 === "match") || (key40 === "use")) || (key40 === "to")) || (key40 === "reply")) || (key40 === "body")) || (key40 === "onDisconnect")) || (key40 === "errors")) || (key40 === "protocol"))){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/routes/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key40},message:"must NOT have additional properties"});
errors++;
}
}
if(data130.match !== undefined){
let data131 = data130.match;
if(data131 && typeof data131 == "object" && !Array.isArray(data131)){
for(const key41 in data131){
if(!(((((key41 === "host") || (key41 === "path")) || (key41 === "methods")) || (key41 === "headers")) || (key41 === "country"))){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match",schemaPath:"#/properties/routes/additionalProperties/properties/match/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key41},message:"must NOT have additional properties"});
errors++;
}
}
if(data131.host !== undefined){
let data132 = data131.host;
if((typeof data132 !== "string") && (!(Array.isArray(data132)))){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match/host",schemaPath:"#/properties/routes/additionalProperties/properties/match/properties/host/type",keyword:"type",params:{type: schema0.properties.routes.additionalProperties.properties.match.properties.host.type},message:"must be string,array"});
errors++;
}
if(typeof data132 === "string"){
if(func1(data132) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match/host",schemaPath:"#/properties/routes/additionalProperties/properties/match/properties/host/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
if(Array.isArray(data132)){
if(data132.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match/host",schemaPath:"#/properties/routes/additionalProperties/properties/match/properties/host/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"});
errors++;
}
const len13 = data132.length;
for(let i23=0; i23<len13; i23++){
let data133 = data132[i23];
if(typeof data133 === "string"){
if(func1(data133) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match/host/" + i23,schemaPath:"#/properties/routes/additionalProperties/properties/match/properties/host/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match/host/" + i23,schemaPath:"#/properties/routes/additionalProperties/properties/match/properties/host/items/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
let i24 = data132.length;
let j10;
if(i24 > 1){
const indices6 = {};
for(;i24--;){
let item6 = data132[i24];
if(typeof item6 !== "string"){
continue;
}
if(typeof indices6[item6] == "number"){
j10 = indices6[item6];
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match/host",schemaPath:"#/properties/routes/additionalProperties/properties/match/properties/host/uniqueItems",keyword:"uniqueItems",params:{i: i24, j: j10},message:"must NOT have duplicate items (items ## "+j10+" and "+i24+" are identical)"});
errors++;
break;
}
indices6[item6] = i24;
}
}
}
}
if(data131.path !== undefined){
if(typeof data131.path !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match/path",schemaPath:"#/properties/routes/additionalProperties/properties/match/properties/path/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data131.methods !== undefined){
let data135 = data131.methods;
if(Array.isArray(data135)){
if(data135.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match/methods",schemaPath:"#/properties/routes/additionalProperties/properties/match/properties/methods/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"});
errors++;
}
const len14 = data135.length;
for(let i25=0; i25<len14; i25++){
let data136 = data135[i25];
if(!((((((((((((((((((data136 === "GET") || (data136 === "HEAD")) || (data136 === "POST")) || (data136 === "PUT")) || (data136 === "PATCH")) || (data136 === "DELETE")) || (data136 === "OPTIONS")) || (data136 === "TRACE")) || (data136 === "QUERY")) || (data136 === "PROPFIND")) || (data136 === "PROPPATCH")) || (data136 === "MKCOL")) || (data136 === "COPY")) || (data136 === "MOVE")) || (data136 === "LOCK")) || (data136 === "UNLOCK")) || (data136 === "SEARCH")) || (data136 === "REPORT"))){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match/methods/" + i25,schemaPath:"#/properties/routes/additionalProperties/properties/match/properties/methods/items/enum",keyword:"enum",params:{allowedValues: schema0.properties.routes.additionalProperties.properties.match.properties.methods.items.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
let i26 = data135.length;
let j11;
if(i26 > 1){
outer4:
for(;i26--;){
for(j11 = i26; j11--;){
if(func2(data135[i26], data135[j11])){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match/methods",schemaPath:"#/properties/routes/additionalProperties/properties/match/properties/methods/uniqueItems",keyword:"uniqueItems",params:{i: i26, j: j11},message:"must NOT have duplicate items (items ## "+j11+" and "+i26+" are identical)"});
errors++;
break outer4;
}
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match/methods",schemaPath:"#/properties/routes/additionalProperties/properties/match/properties/methods/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
if(data131.headers !== undefined){
let data137 = data131.headers;
if(data137 && typeof data137 == "object" && !Array.isArray(data137)){
for(const key42 in data137){
if(typeof data137[key42] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match/headers/" + key42.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/routes/additionalProperties/properties/match/properties/headers/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match/headers",schemaPath:"#/properties/routes/additionalProperties/properties/match/properties/headers/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data131.country !== undefined){
let data139 = data131.country;
if((typeof data139 !== "string") && (!(Array.isArray(data139)))){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match/country",schemaPath:"#/properties/routes/additionalProperties/properties/match/properties/country/type",keyword:"type",params:{type: schema0.properties.routes.additionalProperties.properties.match.properties.country.type},message:"must be string,array"});
errors++;
}
if(Array.isArray(data139)){
if(data139.length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match/country",schemaPath:"#/properties/routes/additionalProperties/properties/match/properties/country/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"});
errors++;
}
const len15 = data139.length;
for(let i27=0; i27<len15; i27++){
if(typeof data139[i27] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match/country/" + i27,schemaPath:"#/properties/routes/additionalProperties/properties/match/properties/country/items/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
let i28 = data139.length;
let j12;
if(i28 > 1){
const indices7 = {};
for(;i28--;){
let item7 = data139[i28];
if(typeof item7 !== "string"){
continue;
}
if(typeof indices7[item7] == "number"){
j12 = indices7[item7];
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match/country",schemaPath:"#/properties/routes/additionalProperties/properties/match/properties/country/uniqueItems",keyword:"uniqueItems",params:{i: i28, j: j12},message:"must NOT have duplicate items (items ## "+j12+" and "+i28+" are identical)"});
errors++;
break;
}
indices7[item7] = i28;
}
}
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/match",schemaPath:"#/properties/routes/additionalProperties/properties/match/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data130.use !== undefined){
let data141 = data130.use;
if(Array.isArray(data141)){
const len16 = data141.length;
for(let i29=0; i29<len16; i29++){
if(typeof data141[i29] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/use/" + i29,schemaPath:"#/properties/routes/additionalProperties/properties/use/items/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/use",schemaPath:"#/properties/routes/additionalProperties/properties/use/type",keyword:"type",params:{type: "array"},message:"must be array"});
errors++;
}
}
if(data130.to !== undefined){
let data143 = data130.to;
if((typeof data143 !== "string") && (!(data143 && typeof data143 == "object" && !Array.isArray(data143)))){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/to",schemaPath:"#/properties/routes/additionalProperties/properties/to/type",keyword:"type",params:{type: schema0.properties.routes.additionalProperties.properties.to.type},message:"must be string,object"});
errors++;
}
if(data143 && typeof data143 == "object" && !Array.isArray(data143)){
if(Object.keys(data143).length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/to",schemaPath:"#/properties/routes/additionalProperties/properties/to/minProperties",keyword:"minProperties",params:{limit: 1},message:"must NOT have fewer than 1 properties"});
errors++;
}
for(const key43 in data143){
let data144 = data143[key43];
if(!(((typeof data144 == "number") && (!(data144 % 1) && !isNaN(data144))) && (isFinite(data144)))){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/to/" + key43.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/routes/additionalProperties/properties/to/additionalProperties/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data144 == "number") && (isFinite(data144))){
if(data144 > 1000000 || isNaN(data144)){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/to/" + key43.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/routes/additionalProperties/properties/to/additionalProperties/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000000},message:"must be <= 1000000"});
errors++;
}
if(data144 < 0 || isNaN(data144)){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/to/" + key43.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/routes/additionalProperties/properties/to/additionalProperties/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"});
errors++;
}
}
}
}
}
if(data130.reply !== undefined){
let data145 = data130.reply;
if(data145 && typeof data145 == "object" && !Array.isArray(data145)){
if(data145.status === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/reply",schemaPath:"#/properties/routes/additionalProperties/properties/reply/required",keyword:"required",params:{missingProperty: "status"},message:"must have required property '"+"status"+"'"});
errors++;
}
for(const key44 in data145){
if(!(((((key44 === "status") || (key44 === "json")) || (key44 === "text")) || (key44 === "body")) || (key44 === "headers"))){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/reply",schemaPath:"#/properties/routes/additionalProperties/properties/reply/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key44},message:"must NOT have additional properties"});
errors++;
}
}
if(data145.status !== undefined){
let data146 = data145.status;
if(!(((typeof data146 == "number") && (!(data146 % 1) && !isNaN(data146))) && (isFinite(data146)))){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/reply/status",schemaPath:"#/properties/routes/additionalProperties/properties/reply/properties/status/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data146 == "number") && (isFinite(data146))){
if(data146 > 599 || isNaN(data146)){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/reply/status",schemaPath:"#/properties/routes/additionalProperties/properties/reply/properties/status/maximum",keyword:"maximum",params:{comparison: "<=", limit: 599},message:"must be <= 599"});
errors++;
}
if(data146 < 200 || isNaN(data146)){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/reply/status",schemaPath:"#/properties/routes/additionalProperties/properties/reply/properties/status/minimum",keyword:"minimum",params:{comparison: ">=", limit: 200},message:"must be >= 200"});
errors++;
}
}
}
if(data145.text !== undefined){
if(typeof data145.text !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/reply/text",schemaPath:"#/properties/routes/additionalProperties/properties/reply/properties/text/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data145.body !== undefined){
if(typeof data145.body !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/reply/body",schemaPath:"#/properties/routes/additionalProperties/properties/reply/properties/body/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data145.headers !== undefined){
let data149 = data145.headers;
if(data149 && typeof data149 == "object" && !Array.isArray(data149)){
for(const key45 in data149){
if(typeof data149[key45] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/reply/headers/" + key45.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/routes/additionalProperties/properties/reply/properties/headers/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/reply/headers",schemaPath:"#/properties/routes/additionalProperties/properties/reply/properties/headers/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/reply",schemaPath:"#/properties/routes/additionalProperties/properties/reply/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data130.body !== undefined){
let data151 = data130.body;
if(data151 && typeof data151 == "object" && !Array.isArray(data151)){
for(const key46 in data151){
if(!(key46 === "max")){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/body",schemaPath:"#/properties/routes/additionalProperties/properties/body/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key46},message:"must NOT have additional properties"});
errors++;
}
}
if(data151.max !== undefined){
let data152 = data151.max;
if(typeof data152 === "string"){
if(!pattern23.test(data152)){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/body/max",schemaPath:"#/properties/routes/additionalProperties/properties/body/properties/max/pattern",keyword:"pattern",params:{pattern: "^(\\d+(\\.\\d+)?(B|KB|MB|GB|KiB|MiB|GiB)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(\\d+(\\.\\d+)?(B|KB|MB|GB|KiB|MiB|GiB)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["size"].valid(data152))){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/body/max",schemaPath:"#/properties/routes/additionalProperties/properties/body/properties/max/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/body/max",schemaPath:"#/properties/routes/additionalProperties/properties/body/properties/max/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/body",schemaPath:"#/properties/routes/additionalProperties/properties/body/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data130.onDisconnect !== undefined){
let data153 = data130.onDisconnect;
if(typeof data153 === "string"){
if(!pattern24.test(data153)){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/onDisconnect",schemaPath:"#/properties/routes/additionalProperties/properties/onDisconnect/pattern",keyword:"pattern",params:{pattern: "^(cancel|drain \\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"},message:"must match pattern \""+"^(cancel|drain \\d+(\\.\\d+)?(ms|s|m|h|d)|.*\\$\\{env:.*)$"+"\""});
errors++;
}
if(!(keyword0["disconnect"].valid(data153))){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/onDisconnect",schemaPath:"#/properties/routes/additionalProperties/properties/onDisconnect/unit",keyword:"unit",params:{},message:"must pass \"unit\" keyword validation"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/onDisconnect",schemaPath:"#/properties/routes/additionalProperties/properties/onDisconnect/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data130.errors !== undefined){
let data154 = data130.errors;
if(!((data154 === "pass") || (data154 === "map"))){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/errors",schemaPath:"#/properties/routes/additionalProperties/properties/errors/enum",keyword:"enum",params:{allowedValues: schema0.properties.routes.additionalProperties.properties.errors.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
if(data130.protocol !== undefined){
let data155 = data130.protocol;
if(!(((data155 === "generic") || (data155 === "anthropic")) || (data155 === "openai"))){
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1")+"/protocol",schemaPath:"#/properties/routes/additionalProperties/properties/protocol/enum",keyword:"enum",params:{allowedValues: schema0.properties.routes.additionalProperties.properties.protocol.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/routes/" + key39.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/routes/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/routes",schemaPath:"#/properties/routes/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data.tests !== undefined){
let data156 = data.tests;
if(data156 && typeof data156 == "object" && !Array.isArray(data156)){
for(const key47 in data156){
let data157 = data156[key47];
if(data157 && typeof data157 == "object" && !Array.isArray(data157)){
if(data157.request === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/tests/additionalProperties/required",keyword:"required",params:{missingProperty: "request"},message:"must have required property '"+"request"+"'"});
errors++;
}
if(data157.expect === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/tests/additionalProperties/required",keyword:"required",params:{missingProperty: "expect"},message:"must have required property '"+"expect"+"'"});
errors++;
}
for(const key48 in data157){
if(!(((key48 === "given") || (key48 === "request")) || (key48 === "expect"))){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/tests/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key48},message:"must NOT have additional properties"});
errors++;
}
}
if(data157.given !== undefined){
let data158 = data157.given;
if(data158 && typeof data158 == "object" && !Array.isArray(data158)){
for(const key49 in data158){
if(!((key49 === "breakers") || (key49 === "now"))){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/given",schemaPath:"#/properties/tests/additionalProperties/properties/given/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key49},message:"must NOT have additional properties"});
errors++;
}
}
if(data158.breakers !== undefined){
let data159 = data158.breakers;
if(data159 && typeof data159 == "object" && !Array.isArray(data159)){
for(const key50 in data159){
let data160 = data159[key50];
if(!(((data160 === "open") || (data160 === "closed")) || (data160 === "halfOpen"))){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/given/breakers/" + key50.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/tests/additionalProperties/properties/given/properties/breakers/additionalProperties/enum",keyword:"enum",params:{allowedValues: schema0.properties.tests.additionalProperties.properties.given.properties.breakers.additionalProperties.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/given/breakers",schemaPath:"#/properties/tests/additionalProperties/properties/given/properties/breakers/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data158.now !== undefined){
if(typeof data158.now !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/given/now",schemaPath:"#/properties/tests/additionalProperties/properties/given/properties/now/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/given",schemaPath:"#/properties/tests/additionalProperties/properties/given/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data157.request !== undefined){
let data162 = data157.request;
if(data162 && typeof data162 == "object" && !Array.isArray(data162)){
if(data162.path === undefined){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/request",schemaPath:"#/properties/tests/additionalProperties/properties/request/required",keyword:"required",params:{missingProperty: "path"},message:"must have required property '"+"path"+"'"});
errors++;
}
for(const key51 in data162){
if(!(func0.call(schema0.properties.tests.additionalProperties.properties.request.properties, key51))){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/request",schemaPath:"#/properties/tests/additionalProperties/properties/request/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key51},message:"must NOT have additional properties"});
errors++;
}
}
if(data162.method !== undefined){
let data163 = data162.method;
if(!((((((((((((((((((data163 === "GET") || (data163 === "HEAD")) || (data163 === "POST")) || (data163 === "PUT")) || (data163 === "PATCH")) || (data163 === "DELETE")) || (data163 === "OPTIONS")) || (data163 === "TRACE")) || (data163 === "QUERY")) || (data163 === "PROPFIND")) || (data163 === "PROPPATCH")) || (data163 === "MKCOL")) || (data163 === "COPY")) || (data163 === "MOVE")) || (data163 === "LOCK")) || (data163 === "UNLOCK")) || (data163 === "SEARCH")) || (data163 === "REPORT"))){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/request/method",schemaPath:"#/properties/tests/additionalProperties/properties/request/properties/method/enum",keyword:"enum",params:{allowedValues: schema0.properties.tests.additionalProperties.properties.request.properties.method.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
if(data162.host !== undefined){
let data164 = data162.host;
if(typeof data164 === "string"){
if(func1(data164) < 1){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/request/host",schemaPath:"#/properties/tests/additionalProperties/properties/request/properties/host/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/request/host",schemaPath:"#/properties/tests/additionalProperties/properties/request/properties/host/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data162.path !== undefined){
let data165 = data162.path;
if(typeof data165 === "string"){
if(!pattern25.test(data165)){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/request/path",schemaPath:"#/properties/tests/additionalProperties/properties/request/properties/path/pattern",keyword:"pattern",params:{pattern: "^/"},message:"must match pattern \""+"^/"+"\""});
errors++;
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/request/path",schemaPath:"#/properties/tests/additionalProperties/properties/request/properties/path/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data162.headers !== undefined){
let data166 = data162.headers;
if(data166 && typeof data166 == "object" && !Array.isArray(data166)){
for(const key52 in data166){
if(typeof data166[key52] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/request/headers/" + key52.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/tests/additionalProperties/properties/request/properties/headers/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/request/headers",schemaPath:"#/properties/tests/additionalProperties/properties/request/properties/headers/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data162.text !== undefined){
if(typeof data162.text !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/request/text",schemaPath:"#/properties/tests/additionalProperties/properties/request/properties/text/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data162.body !== undefined){
if(typeof data162.body !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/request/body",schemaPath:"#/properties/tests/additionalProperties/properties/request/properties/body/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data162.address !== undefined){
if(typeof data162.address !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/request/address",schemaPath:"#/properties/tests/additionalProperties/properties/request/properties/address/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data162.country !== undefined){
if(typeof data162.country !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/request/country",schemaPath:"#/properties/tests/additionalProperties/properties/request/properties/country/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/request",schemaPath:"#/properties/tests/additionalProperties/properties/request/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
if(data157.expect !== undefined){
let data172 = data157.expect;
if(data172 && typeof data172 == "object" && !Array.isArray(data172)){
if(Object.keys(data172).length < 1){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/expect",schemaPath:"#/properties/tests/additionalProperties/properties/expect/minProperties",keyword:"minProperties",params:{limit: 1},message:"must NOT have fewer than 1 properties"});
errors++;
}
for(const key53 in data172){
if(!(((((((key53 === "route") || (key53 === "status")) || (key53 === "policy")) || (key53 === "endpoint")) || (key53 === "path")) || (key53 === "code")) || (key53 === "headers"))){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/expect",schemaPath:"#/properties/tests/additionalProperties/properties/expect/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key53},message:"must NOT have additional properties"});
errors++;
}
}
if(data172.route !== undefined){
if(typeof data172.route !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/expect/route",schemaPath:"#/properties/tests/additionalProperties/properties/expect/properties/route/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data172.status !== undefined){
let data174 = data172.status;
if(!(((typeof data174 == "number") && (!(data174 % 1) && !isNaN(data174))) && (isFinite(data174)))){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/expect/status",schemaPath:"#/properties/tests/additionalProperties/properties/expect/properties/status/type",keyword:"type",params:{type: "integer"},message:"must be integer"});
errors++;
}
if((typeof data174 == "number") && (isFinite(data174))){
if(data174 > 599 || isNaN(data174)){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/expect/status",schemaPath:"#/properties/tests/additionalProperties/properties/expect/properties/status/maximum",keyword:"maximum",params:{comparison: "<=", limit: 599},message:"must be <= 599"});
errors++;
}
if(data174 < 100 || isNaN(data174)){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/expect/status",schemaPath:"#/properties/tests/additionalProperties/properties/expect/properties/status/minimum",keyword:"minimum",params:{comparison: ">=", limit: 100},message:"must be >= 100"});
errors++;
}
}
}
if(data172.policy !== undefined){
if(typeof data172.policy !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/expect/policy",schemaPath:"#/properties/tests/additionalProperties/properties/expect/properties/policy/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data172.endpoint !== undefined){
if(typeof data172.endpoint !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/expect/endpoint",schemaPath:"#/properties/tests/additionalProperties/properties/expect/properties/endpoint/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data172.path !== undefined){
if(typeof data172.path !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/expect/path",schemaPath:"#/properties/tests/additionalProperties/properties/expect/properties/path/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
if(data172.code !== undefined){
let data178 = data172.code;
if(!(((((((((((((((((((((((((((((((((((((((data178 === "BAD_REQUEST") || (data178 === "AMBIGUOUS_PATH")) || (data178 === "BODY_UNREADABLE")) || (data178 === "PARAMETER_UNKNOWN")) || (data178 === "SIGNATURE_MISSING")) || (data178 === "SIGNATURE_DUPLICATE")) || (data178 === "SIGNATURE_OVERSIZED")) || (data178 === "SIGNATURE_TIMESTAMP")) || (data178 === "SIGNATURE_EXPIRED")) || (data178 === "SIGNATURE_INVALID")) || (data178 === "SIGNATURE_AMBIGUOUS")) || (data178 === "SIGNATURE_BEFORE_START")) || (data178 === "SIGNATURE_REPLAYED")) || (data178 === "TOKEN_MISSING")) || (data178 === "TOKEN_INVALID")) || (data178 === "FORBIDDEN")) || (data178 === "NOT_FOUND")) || (data178 === "METHOD_NOT_ALLOWED")) || (data178 === "REQUEST_TIMEOUT")) || (data178 === "PAYLOAD_TOO_LARGE")) || (data178 === "URI_TOO_LONG")) || (data178 === "EXPECTATION_FAILED")) || (data178 === "TOO_MANY_REQUESTS")) || (data178 === "HEADERS_TOO_LARGE")) || (data178 === "CLIENT_CLOSED")) || (data178 === "INTERNAL")) || (data178 === "NOT_IMPLEMENTED")) || (data178 === "UPSTREAM_CONNECT")) || (data178 === "UPSTREAM_RESET")) || (data178 === "UPSTREAM_PROTOCOL")) || (data178 === "NO_ENDPOINT")) || (data178 === "SHUTTING_DOWN")) || (data178 === "STORE_UNAVAILABLE")) || (data178 === "BODIES_FULL")) || (data178 === "POLICY_TIMEOUT")) || (data178 === "UPSTREAM_BUSY")) || (data178 === "UPSTREAM_TIMEOUT")) || (data178 === "VERSION_NOT_SUPPORTED")) || (data178 === "LOOP_DETECTED"))){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/expect/code",schemaPath:"#/properties/tests/additionalProperties/properties/expect/properties/code/enum",keyword:"enum",params:{allowedValues: schema0.properties.tests.additionalProperties.properties.expect.properties.code.enum},message:"must be equal to one of the allowed values"});
errors++;
}
}
if(data172.headers !== undefined){
let data179 = data172.headers;
if(data179 && typeof data179 == "object" && !Array.isArray(data179)){
for(const key54 in data179){
if(typeof data179[key54] !== "string"){
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/expect/headers/" + key54.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/tests/additionalProperties/properties/expect/properties/headers/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/expect/headers",schemaPath:"#/properties/tests/additionalProperties/properties/expect/properties/headers/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1")+"/expect",schemaPath:"#/properties/tests/additionalProperties/properties/expect/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/tests/" + key47.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/tests/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath:instancePath+"/tests",schemaPath:"#/properties/tests/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
}
}
else {
(vErrors ??= []).push({instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"});
errors++;
}
validate0.errors = vErrors;
return errors === 0;
}
return validate0;
},
});
